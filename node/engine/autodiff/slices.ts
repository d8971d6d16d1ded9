/** What a Slice node takes of each axis (ONNX Slice-13). */
import { normalAxis, range, type Shape } from './shape.ts'

export interface Extent {
  /** First index that is taken. */
  readonly start: number
  /** Distance between indices; negative runs backwards. */
  readonly step: number
  /** How many are taken. */
  readonly size: number
}

export function sliceExtents(
  shape: Shape,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] | null,
  steps: readonly number[] | null,
): Extent[] {
  const extents: Extent[] = shape.map(size => ({ start: 0, step: 1, size }))
  for (const [index, axisOrNegative] of (axes ?? range(starts.length)).entries()) {
    const axis = normalAxis(axisOrNegative, shape.length)
    const size = shape[axis] ?? 0
    const step = steps?.[index] ?? 1
    const low = step > 0 ? 0 : -1
    const high = step > 0 ? size : size - 1
    const place = (at: number) => Math.min(high, Math.max(low, at < 0 ? at + size : at))
    const start = Math.max(0, place(starts[index] ?? 0))
    const end = place(ends[index] ?? size)
    extents[axis] = { start, step, size: Math.max(0, Math.ceil((end - start) / step)) }
  }
  return extents
}
