/** Gradient of the discrete Fourier transform: it is linear, so the gradient goes through the transposed, conjugated one. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { transformOf } from '../fourier.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const SIGNAL_GRADIENTS: GradientRules = { DFT: c => [fourier(c)] }

/** y = F x gives dx = F* dy, and F* is `length` times the inverse transform; for that the forward one, divided by it. */
function fourier(c: GradientContext): Value {
  const { g, x, dy } = c
  const { axis, length, kept, isInverse } = transformOf(c.node, g.opset, x.shape, index => c.fixed(index))
  if (isInverse && intAttribute(c.node, 'onesided', 0) === 1) throw c.fault('is inverse and one-sided')
  const whole = extended(c, dy, axis, length - kept)
  const inverse = isInverse ? 0 : 1
  const back =
    g.opset >= 20
      ? g.one('DFT', [whole, null, g.scalar(axis, DataType.int64)], { inverse })
      : g.one('DFT', [whole], { axis, inverse })
  const scaled = g.scale(back, isInverse ? 1 / length : length)
  const real = g.slice(scaled, x.shape.length - 1, 0, x.shape.at(-1)!)
  const size = x.shape[axis]!
  return extended(c, g.slice(real, axis, 0, Math.min(size, length)), axis, Math.max(0, size - length))
}

function extended(c: GradientContext, value: Value, axis: number, count: number): Value {
  const after = value.shape.map((_, at) => (at === axis ? count : 0))
  return c.g.pad(
    value,
    after.map(() => 0),
    after,
  )
}
