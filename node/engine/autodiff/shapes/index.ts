/** Static shape inference: one table keyed by operator, as for gradients. Other domains than ONNX's own prefix their name. */
import type { Node } from '../../onnx/index.ts'
import { DifferentiationError } from '../errors.ts'
import { CONVOLUTION_SHAPES } from './convolution.ts'
import { ELEMENTWISE_SHAPES } from './elementwise.ts'
import { INDEXING_SHAPES } from './indexing.ts'
import { LAYOUT_SHAPES } from './layout.ts'
import { MATMUL_SHAPES } from './matmul.ts'
import { NORMALISATION_SHAPES } from './normalisation.ts'
import { REDUCE_SHAPES } from './reduce.ts'
import { RESIZE_SHAPES } from './resize.ts'
import { SIGNAL_SHAPES } from './signal.ts'
import { ShapeContext, type ShapeRules, type TypedShape } from './types.ts'

const SHAPES: ShapeRules = {
  ...ELEMENTWISE_SHAPES,
  ...MATMUL_SHAPES,
  ...REDUCE_SHAPES,
  ...LAYOUT_SHAPES,
  ...INDEXING_SHAPES,
  ...NORMALISATION_SHAPES,
  ...CONVOLUTION_SHAPES,
  ...RESIZE_SHAPES,
  ...SIGNAL_SHAPES,
}

/** Key of a node in the rule tables. */
export function operatorKey(node: Node): string {
  return node.domain === '' ? node.opType : `${node.domain}.${node.opType}`
}

/** What inference asks of the graph around a node. */
export interface KnownValues {
  readonly opset: number
  find(name: string): (TypedShape & { readonly name: string }) | undefined
  numbers(value: TypedShape & { readonly name: string }): number[] | null
}

export function hasShapeRule(node: Node): boolean {
  return Object.hasOwn(SHAPES, operatorKey(node))
}

/** @throws DifferentiationError where there is no rule, an input is unknown, or the shapes do not fit */
export function inferTypes(known: KnownValues, node: Node): readonly TypedShape[] {
  const key = operatorKey(node)
  const rule = Object.hasOwn(SHAPES, key) ? SHAPES[key] : undefined
  const title = `Node '${node.name || node.outputs[0]}' (${key})`
  if (rule === undefined)
    throw new DifferentiationError('unknown-shape', `${title} is an operator that is not covered.`)
  const inputs = node.inputs.map(name => {
    if (name === '') return null
    const value = known.find(name)
    if (value === undefined)
      throw new DifferentiationError('unknown-shape', `${title} uses '${name}', whose shape is not known.`)
    return value
  })
  const numbers = (index: number) => (inputs[index] ? known.numbers(inputs[index]) : null)
  return rule(new ShapeContext(node, known.opset, inputs, numbers))
}
