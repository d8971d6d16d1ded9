/** Interpolation. */
import { resizedAxes } from '../resize.ts'
import type { ShapeRules } from './types.ts'

export const RESIZE_SHAPES: ShapeRules = {
  Resize: c => {
    const { type, shape } = c.input(0)
    const optional = (index: number) => (c.has(index) ? c.constant(index) : null)
    const axes = resizedAxes(c.node, shape, optional(2), optional(3))
    return [{ type, shape: axes.reduce<readonly number[]>((sizes, { axis, to }) => sizes.with(axis, to), shape) }]
  },
}
