/** Replaces a node by constants where all that decides its result is known. */
import { DataType, isFloat, makeNode, type Node, type Tensor } from '../../onnx/index.ts'
import { intAttribute, tensorAttribute } from '../attributes.ts'
import type { GraphBuilder } from '../builder.ts'
import { elements } from '../shape.ts'
import { inferTypes } from '../shapes/index.ts'
import { canCompute, numbersOf, tensorOf } from '../values.ts'
import { EVALUATORS } from './evaluate.ts'
import type { Constant } from './tensors.ts'

/** Larger tensors are left to the runtime; the largest masks of real exports (1024 x 1024) still fit. */
const MAX_ELEMENTS = 2 ** 20

/**
 * The node's outputs as tensors; null where it has to run.
 * @param isFixed false for parameters: what depends on them must stay a node
 */
export function foldNode(builder: GraphBuilder, original: Node, isFixed: (name: string) => boolean): Tensor[] | null {
  if (original.domain !== '') return null
  const node = original.opType === 'CastLike' ? castOf(builder, original) : original
  if (node.opType === 'Constant') return constantNode(node)
  const first = node.inputs[0]
  const source = first === undefined ? undefined : builder.find(first)
  if (node.opType === 'Shape' && source !== undefined) {
    const end = node.attributes.has('end') ? intAttribute(node, 'end', 0) : undefined
    return finish(builder, node, [source.shape.slice(intAttribute(node, 'start', 0), end)])
  }
  if (node.opType === 'Size' && source !== undefined) return finish(builder, node, [[elements(source.shape)]])
  const inputs = constantInputs(builder, node, isFixed)
  if (inputs === null) return null
  if (node.opType === 'ConstantOfShape') return constantOfShape(builder, node)
  const evaluate = Object.hasOwn(EVALUATORS, node.opType) ? EVALUATORS[node.opType] : undefined
  if (evaluate === undefined) return null
  const outputs = inferTypes(builder, node)
  if (!outputs.every(output => canCompute(output.type) && elements(output.shape) <= MAX_ELEMENTS)) return null
  return finish(builder, node, evaluate({ node, inputs, outputs }))
}

/** Of the second input of a CastLike only the type counts: it need not be a constant. */
function castOf(builder: GraphBuilder, node: Node): Node {
  const [input = '', like = ''] = node.inputs
  const type = builder.find(like)?.type
  return type === undefined ? node : makeNode('Cast', [input], node.outputs, { to: type }, { name: node.name })
}

function constantInputs(
  builder: GraphBuilder,
  node: Node,
  isFixed: (name: string) => boolean,
): (Constant | null)[] | null {
  const constants: (Constant | null)[] = []
  for (const name of node.inputs) {
    const value = name === '' ? undefined : builder.find(name)
    const tensor = value && builder.constantOf(value)
    if (name === '') constants.push(null)
    else if (
      tensor === undefined ||
      !isFixed(name) ||
      !canCompute(tensor.type) ||
      elements(tensor.shape) > MAX_ELEMENTS
    )
      return null
    else constants.push({ type: tensor.type, shape: tensor.shape, values: numbersOf(tensor) })
  }
  return constants
}

function constantNode(node: Node): Tensor[] | null {
  const name = node.outputs[0] ?? ''
  const tensor = tensorAttribute(node, 'value')
  if (tensor !== null) return [{ ...tensor, name }]
  for (const { kind, value } of node.attributes.values()) {
    if (kind === 'int') return [tensorOf(name, DataType.int64, [], [Number(value)])]
    if (kind === 'ints') return [tensorOf(name, DataType.int64, [value.length], value.map(Number))]
    if (kind === 'float') return [tensorOf(name, DataType.float32, [], [value])]
    if (kind === 'floats') return [tensorOf(name, DataType.float32, [value.length], value)]
  }
  return null
}

function constantOfShape(builder: GraphBuilder, node: Node): Tensor[] | null {
  const [output] = inferTypes(builder, node)
  if (output === undefined || !canCompute(output.type) || elements(output.shape) > MAX_ELEMENTS) return null
  const fill = tensorAttribute(node, 'value')
  const value = fill === null ? 0 : (numbersOf(fill)[0] ?? 0)
  return finish(builder, node, [new Array<number>(elements(output.shape)).fill(value)])
}

function finish(builder: GraphBuilder, node: Node, values: readonly (readonly number[])[]): Tensor[] | null {
  if (values.length === 0) return null
  const types = inferTypes(builder, node)
  // What no integer holds (a division by 0) is left to the runtime.
  if (values.some((list, index) => !isFloat(types[index]!.type) && list.some(value => !Number.isFinite(value))))
    return null
  return values.map((list, index) => tensorOf(node.outputs[index] ?? '', types[index]!.type, types[index]!.shape, list))
}
