/**
 * Gradients of operators that select and place values. Sums go through ScatterElements: ONNX Runtime runs ScatterND's
 * reduction on several threads, which loses updates where an index repeats.
 */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements, normalAxis, range, type Shape, strides } from '../shape.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const INDEXING_GRADIENTS: GradientRules = {
  Gather: c => [gather(c)],
  GatherElements: c => [c.g.scatterAdd(c.x.shape, axisOf(c, 0), c.input(1), c.dy)],
  GatherND: c => [gatherND(c)],
  ReverseSequence: c => [c.g.one('ReverseSequence', [c.dy, c.input(1)], axesOfReverse(c))],
  OneHot: c => {
    const { g, dy } = c
    const values = c.input(2)
    const axis = intAttribute(c.node, 'axis', -1)
    const isHot = g.one('OneHot', [c.x, c.input(1), g.numbersAs(values.type, [2], [0, 1])], { axis })
    const on = g.sumTo(g.mul(dy, isHot), [1])
    return [null, null, g.concat([g.sub(g.sumTo(dy, [1]), on), on], 0)]
  },
  TopK: c => [c.g.scatterAdd(c.x.shape, axisOf(c, -1), c.g.optionalOutput(c.node, 1), c.dy)],
}

function axesOfReverse(c: GradientContext) {
  return { batch_axis: intAttribute(c.node, 'batch_axis', 1), time_axis: intAttribute(c.node, 'time_axis', 0) }
}

function axisOf(c: GradientContext, otherwise: number): number {
  return normalAxis(intAttribute(c.node, 'axis', otherwise), c.x.shape.length)
}

function gather(c: GradientContext): Value {
  const { g, dy } = c
  const { shape } = c.x
  const axis = axisOf(c, 0)
  const indices = c.input(1)
  const count = elements(indices.shape)
  const rows = g.reshape(dy, shape.with(axis, count))
  const known = c.constant(1)
  if (known?.length === 1) {
    const place = normalAxis(known[0]!, shape[axis]!)
    const alone = (value: number) => shape.map((_, at) => (at === axis ? value : 0))
    return g.pad(rows, alone(place), alone(shape[axis]! - place - 1))
  }
  const column = g.reshape(
    indices,
    shape.map((_, at) => (at === axis ? count : 1)),
  )
  return g.scatterAdd(shape, axis, g.expand(column, rows.shape), rows)
}

/** The index vectors become row numbers of the data seen as a matrix [batch * indexed, rest]. */
function gatherND(c: GradientContext): Value {
  const { g, dy } = c
  const { shape } = c.x
  const batch = intAttribute(c.node, 'batch_dims', 0)
  const row = rowNumbers(g, shape, c.input(1), batch)
  const depth = c.input(1).shape.at(-1) ?? 0
  const matrix = [elements(shape.slice(0, batch + depth)), elements(shape.slice(batch + depth))]
  const updates = g.reshape(dy, [elements(row.shape), matrix[1]!])
  const rows = g.expand(g.reshape(row, [elements(row.shape), 1]), updates.shape)
  return g.reshape(g.scatterAdd(matrix, 0, rows, updates), shape)
}

/** For each index vector, the row of the data seen as a matrix [batch * indexed, rest]. */
export function rowNumbers(g: Operators, shape: Shape, indices: Value, batch: number): Value {
  const indexed = shape.slice(batch, batch + (indices.shape.at(-1) ?? 0))
  const sizes = g.integers(indexed)
  // Negative indices count from the end, each along its own axis.
  const positive = g.one('Where', [
    g.one('Less', [indices, g.scalar(0, DataType.int64)]),
    g.add(indices, sizes),
    indices,
  ])
  const within = g.reduceSum(g.mul(positive, g.integers(strides(indexed))), [indices.shape.length - 1], false)
  return batch === 0 ? within : g.add(within, batchStarts(g, within.shape, batch, elements(indexed)))
}

/** The row at which each batch begins, for values of the given shape. */
function batchStarts(g: Operators, shape: Shape, batch: number, rows: number): Value {
  const count = elements(shape.slice(0, batch))
  return g.reshape(
    g.integers(range(count).map(at => at * rows)),
    shape.map((size, axis) => (axis < batch ? size : 1)),
  )
}
