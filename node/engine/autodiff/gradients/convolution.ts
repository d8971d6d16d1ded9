/** Gradients of convolutions and pooling over [batch, channels, spatial...]. */
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { elements, range } from '../shape.ts'
import { type Window, windowOf } from '../windows.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const CONVOLUTION_GRADIENTS: GradientRules = {
  Conv: convolution,
  MaxPool: c => {
    const { g, x, dy } = c
    // The second output numbers the values of the whole input, row-major.
    const places = g.reshape(g.optionalOutput(c.node, 1), [elements(dy.shape)])
    return [g.reshape(g.scatterAdd([elements(x.shape)], 0, places, g.reshape(dy, [elements(dy.shape)])), x.shape)]
  },
  AveragePool: averagePool,
  GlobalAveragePool: c => {
    const { g, x, dy } = c
    return [g.expand(g.scale(dy, elements(dy.shape) / elements(x.shape)), x.shape)]
  },
  GlobalMaxPool: c => {
    const { g, x, y, dy } = c
    const reaches = g.cast(g.one('Equal', [x, y]), x.type)
    return [g.mul(reaches, g.div(dy, g.reduceSum(reaches, range(x.shape.length).slice(2))))]
  },
}

function convolution(c: GradientContext): (Value | null)[] {
  const { g, x, dy } = c
  const weight = c.input(1)
  const window = windowOf(c.node, x.shape.slice(2), weight.shape.slice(2))
  const group = intAttribute(c.node, 'group', 1)
  const bias = c.inputs[2] ? g.reduceSum(dy, [0, ...range(x.shape.length).slice(2)], false) : null
  const inputs = g.split(x, 1, new Array<number>(group).fill(x.shape[1]! / group))
  const gradients = g.split(dy, 1, new Array<number>(group).fill(dy.shape[1]! / group))
  const parts = inputs.map((input, index) => weightGradient(c, input, gradients[index]!, window))
  return [inputGradient(c, dy, weight, window, group), g.concat(parts, 0), bias]
}

/** The convolution transposed; rows that the stride left over at the end are padded back by `output_padding`. */
function inputGradient(c: GradientContext, dy: Value, weight: Value, window: Window, group: number): Value {
  const { kernel, strides, dilations, padBegin, padEnd } = window
  const left = c.x.shape.slice(2).map((size, axis) => {
    const reach = dilations[axis]! * (kernel[axis]! - 1) + 1
    return (size + padBegin[axis]! + padEnd[axis]! - reach) % strides[axis]!
  })
  const attributes = {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: [...padBegin, ...padEnd],
    output_padding: left,
    group,
  }
  return c.g.one('ConvTranspose', [dy, weight], attributes)
}

/**
 * dW[o, i, k] = sum over batch and space of dy[b, o, s] x[b, i, stride s + dilation k]: a convolution of x with dy in which
 * batch and channels trade places, and so do stride and dilation.
 */
function weightGradient(c: GradientContext, input: Value, dy: Value, window: Window): Value {
  const { g } = c
  const swap = [1, 0, ...range(input.shape.length).slice(2)]
  const attributes = {
    kernel_shape: dy.shape.slice(2),
    strides: window.dilations,
    dilations: window.strides,
    pads: [...window.padBegin, ...window.padEnd],
  }
  const result = g.one('Conv', [g.transpose(input, swap), g.transpose(dy, swap)], attributes)
  // Where the stride left rows over the result has more taps than the kernel.
  const trimmed = window.kernel.reduce((part, size, axis) => g.slice(part, axis + 2, 0, size), result)
  return g.transpose(trimmed, swap)
}

/** Each window's gradient is spread evenly over it: a transposed convolution, channel by channel, with ones. */
function averagePool(c: GradientContext): (Value | null)[] {
  const { g, x, dy } = c
  const window = windowOf(c.node, x.shape.slice(2), null)
  const padded = [...window.padBegin, ...window.padEnd].some(pad => pad > 0)
  if (intAttribute(c.node, 'ceil_mode', 0) === 1) throw c.fault('pools with ceil_mode, which is not supported')
  if (padded && intAttribute(c.node, 'count_include_pad', 0) === 0)
    throw c.fault('pools with padding that it does not count, which is not supported')
  const channels = x.shape[1]!
  const share = g.expand(g.scalar(1 / elements(window.kernel), x.type), [channels, 1, ...window.kernel])
  return [inputGradient(c, dy, share, window, channels)]
}
