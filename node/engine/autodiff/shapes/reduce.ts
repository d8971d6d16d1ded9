/** Operators that fold axes away. Axes are an attribute in old opsets and an input in new ones. */
import { DataType, type Node } from '../../onnx/index.ts'
import { intAttribute, intsAttribute } from '../attributes.ts'
import { normalAxis, range } from '../shape.ts'
import type { ShapeRule, ShapeRules } from './types.ts'

/** The axes that a Reduce node folds, sorted; `constant` are the numbers of its second input, null where it has none. */
export function reducedAxes(node: Node, rank: number, constant: readonly number[] | null): number[] {
  const axes = intsAttribute(node, 'axes') ?? constant
  if (axes === null || axes.length === 0) return intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? [] : range(rank)
  return axes.map(axis => normalAxis(axis, rank)).sort((a, b) => a - b)
}

const reduce: ShapeRule = c => {
  const { type, shape } = c.input(0)
  const axes = reducedAxes(c.node, shape.length, c.has(1) ? c.constant(1) : null)
  return [{ type, shape: withoutAxes(shape, axes, intAttribute(c.node, 'keepdims', 1) === 1) }]
}

const argument: ShapeRule = c => {
  const { shape } = c.input(0)
  const axis = normalAxis(intAttribute(c.node, 'axis', 0), shape.length)
  return [{ type: DataType.int64, shape: withoutAxes(shape, [axis], intAttribute(c.node, 'keepdims', 1) === 1) }]
}

export function withoutAxes(shape: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return keep
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis))
}

export const REDUCE_SHAPES: ShapeRules = {
  ReduceSum: reduce,
  ReduceMean: reduce,
  ReduceMax: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceL1: reduce,
  ReduceL2: reduce,
  ReduceSumSquare: reduce,
  ReduceLogSumExp: reduce,
  ReduceLogSum: reduce,
  ArgMax: argument,
  ArgMin: argument,
  CumSum: c => [c.input(0)],
}
