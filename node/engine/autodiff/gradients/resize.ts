/** Gradient of interpolation: it is linear, so the gradient goes back through the transposed matrix of each axis. */
import { textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { type ResizedAxis, resizedAxes, resizeMatrix } from '../resize.ts'
import { elements } from '../shape.ts'
import { tensorOf } from '../values.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const RESIZE_GRADIENTS: GradientRules = {
  Resize: c => {
    const axes = resizedAxes(c.node, c.x.shape, c.fixed(2), c.fixed(3))
    const isCropped = textAttribute(c.node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize'
    const region = isCropped ? c.fixed(1) : null
    if (isCropped && region?.length !== 2 * axes.length) throw c.fault('crops a region that is not a constant')
    return [
      axes.reduce((part, axis, index) => {
        const share: [number, number] = isCropped ? [region![index]!, region![index + axes.length]!] : [0, 1]
        return axis.from === axis.to && axis.scale === 1 && !isCropped ? part : back(c, part, axis, share)
      }, c.dy),
    ]
  },
}

/** The gradient with one axis brought back to its size: seen as [before, to, after], a product with the matrix. */
function back(c: GradientContext, dy: Value, axis: ResizedAxis, region: readonly [number, number]): Value {
  const { g } = c
  const matrix = resizeMatrix(c.node, axis, region)
  if (matrix === null) throw c.fault('interpolates in a way that is not supported')
  const weights = g.constant(
    tensorOf(`${g.prefix}${c.y.name}.weights.${axis.axis}`, dy.type, [axis.to, axis.from], matrix),
  )
  const before = elements(dy.shape.slice(0, axis.axis))
  const after = elements(dy.shape.slice(axis.axis + 1))
  const shape = dy.shape.with(axis.axis, axis.from)
  if (after === 1) return g.reshape(g.product(g.reshape(dy, [before, axis.to]), weights), shape)
  return g.reshape(g.product(g.transpose(weights, [1, 0]), g.reshape(dy, [before, axis.to, after])), shape)
}
