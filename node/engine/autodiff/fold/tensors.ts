/** Constants as tensors: what evaluators of several families need. */
import type { DataType, Node } from '../../onnx/index.ts'
import { elements, range, type Shape, strides } from '../shape.ts'

export interface Constant {
  readonly type: DataType
  readonly shape: Shape
  readonly values: readonly number[]
}

/** A constant's type and shape come from shape inference; an evaluator gives the values, row-major. */
export interface EvaluationContext {
  readonly node: Node
  readonly inputs: readonly (Constant | null)[]
  /** Types and shapes of the outputs. */
  readonly outputs: readonly { readonly type: DataType; readonly shape: Shape }[]
}

export type Evaluator = (context: EvaluationContext) => readonly (readonly number[])[]

/** Gives the index along each axis of the element `at`. */
export function indexer(shape: Shape): (at: number) => number[] {
  const steps = strides(shape)
  return at => shape.map((size, axis) => Math.floor(at / steps[axis]!) % size)
}

export function dot(index: readonly number[], steps: readonly number[]): number {
  return index.reduce((sum, value, axis) => sum + value * steps[axis]!, 0)
}

/** The values at the positions that `place` gives for each multi-index of the output shape. */
export function reindex(
  shape: Shape,
  place: (index: readonly number[]) => number,
  values: readonly number[],
): number[] {
  const indexOf = indexer(shape)
  return range(elements(shape)).map(at => values[place(indexOf(at))]!)
}
