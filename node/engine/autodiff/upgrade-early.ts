/**
 * Operator forms from before opset 7, as the first public models have them, in the form of opset 7 (ONNX changelog). What a
 * runtime was told of memory (`consumed_inputs`) and of training (`is_test`) is left out: models are run as they are trained.
 */
import { type Attribute, DataType, makeNode, type Node } from '../onnx/index.ts'
import { intAttribute, intsAttribute, textAttribute } from './attributes.ts'
import type { GraphBuilder } from './builder.ts'
import type { Shape } from './shape.ts'

/** Opset from which on nodes have the forms that the other rules read. */
export const LAST_EARLY_OPSET = 6

/** Null for a form that is not covered. */
type Early = (builder: GraphBuilder, node: Node, opset: number) => Node[] | null

const BROADCASTING = 'Add Sub Mul Div Pow And Or Xor Equal Less Greater'.split(' ')

/** Element types by the names that Cast had until opset 5. */
const TYPES: Readonly<Record<string, DataType>> = {
  FLOAT: DataType.float32,
  DOUBLE: DataType.float64,
  FLOAT16: DataType.float16,
  INT32: DataType.int32,
  INT64: DataType.int64,
  UINT8: DataType.uint8,
  INT8: DataType.int8,
  BOOL: DataType.bool,
}

const EARLY: Readonly<Record<string, Early>> = {
  ...Object.fromEntries(BROADCASTING.map(name => [name, broadcasting])),
  Gemm: (_, node) => [without(node, 'broadcast')],
  PRelu: slopes,
  Reshape: (builder, node, opset) => {
    const shape = intsAttribute(node, 'shape')
    if (opset >= 5 || shape === null) return [node]
    return [{ ...without(node, 'shape'), inputs: [node.inputs[0]!, builder.integers(shape).name] }]
  },
  Cast: (_, node, opset) => {
    if (opset >= 6) return [node]
    const type = TYPES[textAttribute(node, 'to', '')]
    return type === undefined ? null : [makeNode('Cast', node.inputs, node.outputs, { to: type }, { name: node.name })]
  },
  Concat: (_, node, opset) => {
    if (opset >= 4 || node.attributes.has('axis')) return [node]
    return [makeNode('Concat', node.inputs, node.outputs, { axis: 1 }, { name: node.name })]
  },
  Pad: (_, node, opset) => {
    const pads = node.attributes.get('paddings')
    if (opset >= 2 || pads === undefined) return [node]
    return [{ ...node, attributes: new Map([...without(node, 'paddings').attributes, ['pads', pads]]) }]
  },
  Tile: (_, node, opset) => (opset >= 6 ? [node] : null),
  Upsample: () => null,
}

/** @param opset 6 or before */
export function earlyForm(builder: GraphBuilder, node: Node, opset: number): Node[] | null {
  const plain = without(node, 'consumed_inputs', 'is_test')
  const rewrite = Object.hasOwn(EARLY, node.opType) ? EARLY[node.opType] : undefined
  return rewrite === undefined ? [plain] : rewrite(builder, plain, opset)
}

/** The second operand's axes began at `axis` of the first's, or ended with it. */
function broadcasting(builder: GraphBuilder, node: Node): Node[] | null {
  const plain = without(node, 'broadcast', 'axis')
  if (intAttribute(node, 'broadcast', 0) === 0 || !node.attributes.has('axis')) return [plain]
  const [left, right] = node.inputs.map(name => builder.find(name)?.shape)
  if (!left || !right) return null
  const axis = intAttribute(node, 'axis', 0)
  const behind = left.length - (axis < 0 ? axis + left.length : axis) - right.length
  if (behind < 0) return null
  return withSecond(builder, plain, [...right, ...new Array<number>(behind).fill(1)])
}

/** One slope for each channel, or one for all. */
function slopes(builder: GraphBuilder, node: Node): Node[] | null {
  const [input, slope] = node.inputs.map(name => builder.find(name)?.shape)
  if (!input || !slope) return null
  if (slope.length !== 1 || slope[0] === 1 || input.length <= 2) return [node]
  return withSecond(builder, node, [slope[0]!, ...new Array<number>(input.length - 2).fill(1)])
}

function withSecond(builder: GraphBuilder, node: Node, shape: Shape): Node[] {
  const [first = '', second = ''] = node.inputs
  const shaped = `${node.outputs[0]}.operand`
  const reshape = makeNode('Reshape', [second, builder.integers(shape).name], [shaped], {}, { name: shaped })
  return [reshape, { ...node, inputs: [first, shaped] }]
}

function without(node: Node, ...names: readonly string[]): Node {
  const attributes = new Map<string, Attribute>([...node.attributes].filter(([name]) => !names.includes(name)))
  return { ...node, attributes }
}
