/** Gradients of operators that move values: the gradient is moved back. */
import { intAttribute, intsAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { normalAxis, range } from '../shape.ts'
import { sliceExtents } from '../slices.ts'
import type { GradientContext, GradientRule, GradientRules } from './types.ts'

const reshapeBack: GradientRule = c => [c.g.reshape(c.dy, c.x.shape)]

export const LAYOUT_GRADIENTS: GradientRules = {
  Reshape: reshapeBack,
  Flatten: reshapeBack,
  Squeeze: reshapeBack,
  Unsqueeze: reshapeBack,
  Expand: ({ dy }) => [dy],
  Transpose: c => [c.g.transposeBack(c.dy, intsAttribute(c.node, 'perm') ?? range(c.x.shape.length).reverse())],
  Concat: c => {
    const axis = normalAxis(intAttribute(c.node, 'axis', 0), c.x.shape.length)
    return c.g.split(
      c.dy,
      axis,
      c.inputs.map(input => input?.shape[axis] ?? 0),
    )
  },
  Split: c => {
    const axis = normalAxis(intAttribute(c.node, 'axis', 0), c.x.shape.length)
    const parts = c.outputTypes.map(({ type, shape }, index) => c.gradients[index] ?? c.g.zeros(type, shape))
    return [c.g.concat(parts, axis)]
  },
  Slice: c => [slice(c)],
  Pad: pad,
  Tile: c => {
    const repeats = c.fixed(1) ?? []
    const interleaved = c.x.shape.flatMap((size, axis) => [repeats[axis]!, size])
    return [
      c.g.reduceSum(
        c.g.reshape(c.dy, interleaved),
        range(repeats.length).map(axis => 2 * axis),
        false,
      ),
    ]
  },
  Trilu: c => [c.g.one('Trilu', [c.dy, c.inputs[1] ?? null], { upper: intAttribute(c.node, 'upper', 1) })],
}

/** What was put around is cut off, what was cut off becomes zeros, and copies go back to what they are copies of. */
function pad(c: GradientContext): (Value | null)[] {
  const { g, dy } = c
  const { shape } = c.x
  const mode = textAttribute(c.node, 'mode', 'constant')
  const pads = intsAttribute(c.node, 'pads') ?? c.fixed(1) ?? []
  const axes = c.fixed(3)?.map(axis => normalAxis(axis, shape.length)) ?? range(shape.length)
  const dx = axes.reduce((part, axis, index) => {
    const [before, after] = [pads[index]!, pads[index + axes.length]!]
    if (mode !== 'constant')
      return gatherBack(g, part, axis, shape[axis]!, padSources(mode, shape[axis]!, before, after))
    const inner = g.slice(part, axis, Math.max(0, before), part.shape[axis]! - Math.max(0, after))
    const alone = (count: number) => shape.map((_, at) => (at === axis ? Math.max(0, -count) : 0))
    return g.pad(inner, alone(before), alone(after))
  }, dy)
  const filler = c.inputs[2]
  if (!filler || mode !== 'constant') return [dx]
  // A value that was cut off is in neither sum.
  return [dx, null, g.reshape(g.sub(g.sumTo(dy, []), g.sumTo(dx, [])), filler.shape)]
}

/** For each index of the padded axis the one it is a copy of. */
function padSources(mode: string, size: number, before: number, after: number): number[] {
  return range(before + size + after).map(at => {
    const place = at - before
    if (mode === 'edge') return Math.min(size - 1, Math.max(0, place))
    if (mode === 'wrap') return ((place % size) + size) % size
    const period = Math.max(1, 2 * (size - 1))
    const folded = ((place % period) + period) % period
    return Math.min(folded, period - folded)
  })
}

/** Sums `part`, whose indices along the axis were taken from `sources`, back to `size`. */
function gatherBack(g: Operators, part: Value, axis: number, size: number, sources: readonly number[]): Value {
  const column = g.reshape(
    g.integers(sources),
    part.shape.map((_, at) => (at === axis ? sources.length : 1)),
  )
  return g.scatterAdd(part.shape.with(axis, size), axis, g.expand(column, part.shape), part)
}

/** The gradient is put where the slice was taken, zeros elsewhere. */
function slice(c: GradientContext): Value {
  const { g, dy } = c
  const { shape } = c.x
  const extents = sliceExtents(shape, c.fixed(1) ?? [], c.fixed(2) ?? [], c.fixed(3), c.fixed(4))
  if (extents.every(({ step }) => step === 1)) {
    const before = extents.map(extent => extent.start)
    return g.pad(
      dy,
      before,
      shape.map((size, axis) => size - before[axis]! - extents[axis]!.size),
    )
  }
  return extents.reduce((part, extent, axis) => {
    if (extent.step === 1 && extent.size === shape[axis]) return part
    const places = range(extent.size).map(index => extent.start + index * extent.step)
    return gatherBack(g, part, axis, shape[axis]!, places)
  }, dy)
}
