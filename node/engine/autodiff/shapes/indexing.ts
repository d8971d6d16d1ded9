/** Operators that select and place values. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import { normalAxis } from '../shape.ts'
import { sliceExtents } from '../slices.ts'
import type { ShapeRules } from './types.ts'

export const INDEXING_SHAPES: ShapeRules = {
  Gather: c => {
    const { type, shape } = c.input(0)
    const axis = normalAxis(intAttribute(c.node, 'axis', 0), shape.length)
    return [{ type, shape: [...shape.slice(0, axis), ...c.input(1).shape, ...shape.slice(axis + 1)] }]
  },
  GatherElements: c => [{ type: c.input(0).type, shape: c.input(1).shape }],
  GatherND: c => {
    const { type, shape } = c.input(0)
    const indices = c.input(1).shape
    const batch = intAttribute(c.node, 'batch_dims', 0)
    return [{ type, shape: [...indices.slice(0, -1), ...shape.slice(batch + (indices.at(-1) ?? 0))] }]
  },
  ScatterElements: c => [c.input(0)],
  ScatterND: c => [c.input(0)],
  ReverseSequence: c => [c.input(0)],
  Slice: c => {
    const { type, shape } = c.input(0)
    const optional = (index: number) => (c.has(index) ? c.constant(index) : null)
    const extents = sliceExtents(shape, c.constant(1), c.constant(2), optional(3), optional(4))
    return [{ type, shape: extents.map(extent => extent.size) }]
  },
  NonZero: c => [
    { type: DataType.int64, shape: [c.input(0).shape.length, c.constant(0).filter(value => value !== 0).length] },
  ],
  OneHot: c => {
    const { shape } = c.input(0)
    const axis = normalAxis(intAttribute(c.node, 'axis', -1), shape.length + 1)
    return [{ type: c.input(2).type, shape: shape.toSpliced(axis, 0, c.constant(1)[0] ?? 0) }]
  },
  TopK: c => {
    const { type, shape } = c.input(0)
    const axis = normalAxis(intAttribute(c.node, 'axis', -1), shape.length)
    const top = shape.with(axis, c.constant(1)[0] ?? 0)
    return [
      { type, shape: top },
      { type: DataType.int64, shape: top },
    ]
  },
}
