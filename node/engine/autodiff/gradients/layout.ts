/** Gradients of operators that move values: the gradient is moved back. */
import { intAttribute, intsAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
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
    const parts = c.outputs.map(
      (output, index) => c.gradients[index] ?? (output && c.g.zeros(output.type, output.shape)),
    )
    return [
      c.g.concat(
        parts.filter(part => part !== null),
        normalAxis(intAttribute(c.node, 'axis', 0), c.x.shape.length),
      ),
    ]
  },
  Slice: c => [slice(c)],
  Pad: c => {
    if (textAttribute(c.node, 'mode', 'constant') !== 'constant') throw c.fault('pads in a mode other than constant')
    const { shape } = c.x
    const pads = intsAttribute(c.node, 'pads') ?? c.constant(1) ?? []
    const axes = c.constant(3)?.map(axis => normalAxis(axis, shape.length)) ?? range(shape.length)
    return [axes.reduce((part, axis, index) => c.g.slice(part, axis, pads[index]!, pads[index]! + shape[axis]!), c.dy)]
  },
  Tile: c => {
    const repeats = c.constant(1) ?? []
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

/** The gradient is put where the slice was taken, zeros elsewhere. */
function slice(c: GradientContext): Value {
  const { g, dy } = c
  const { shape } = c.x
  const extents = sliceExtents(shape, c.constant(1) ?? [], c.constant(2) ?? [], c.constant(3), c.constant(4))
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
    const column = g.reshape(
      g.integers(places),
      part.shape.map((_, at) => (at === axis ? extent.size : 1)),
    )
    return g.scatterAdd(part.shape.with(axis, shape[axis]!), axis, g.expand(column, part.shape), part)
  }, dy)
}
