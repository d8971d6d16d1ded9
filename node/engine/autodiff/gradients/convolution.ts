/** Gradients of convolutions over [batch, channels, spatial...]. */
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { columnPlaces } from '../columns.ts'
import type { Operators } from '../operators.ts'
import { elements, range, type Shape } from '../shape.ts'
import { transposedWindowOf, type Window, windowOf } from '../windows.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const CONVOLUTION_GRADIENTS: GradientRules = {
  Conv: c => {
    const { g, x, dy } = c
    const weight = c.input(1)
    const window = windowOf(c.node, x.shape.slice(2), weight.shape.slice(2))
    const group = intAttribute(c.node, 'group', 1)
    return [spreadWindows(g, dy, weight, window, group, x.shape), weightGradient(g, x, dy, window, group), bias(c)]
  },
  ConvTranspose: c => {
    const { g, x, dy } = c
    const weight = c.input(1)
    const window = transposedWindowOf(c.node, x.shape.slice(2), weight.shape.slice(2))
    const group = intAttribute(c.node, 'group', 1)
    const { kernel, strides, dilations, padBegin, padEnd } = window
    const attributes = { kernel_shape: kernel, strides, dilations, pads: [...padBegin, ...padEnd], group }
    const dx = g.one('Conv', [dy, weight], attributes)
    const fitted = x.shape.reduce((part, size, axis) => g.slice(part, axis, 0, size), dx)
    return [fitted, weightGradient(g, dy, x, window, group), bias(c)]
  },
  Col2Im: c => [columns(c)],
}

/** Each value of the columns was added to one place of the image, or to none. */
function columns(c: GradientContext): Value {
  const { g, x, dy } = c
  const [image, block] = [c.fixed(1) ?? [], c.fixed(2) ?? []]
  const [batch, channels] = dy.shape as [number, number]
  const size = elements(image)
  const places = columnPlaces(c.node, image, block).map(place => place ?? size)
  const flat = g.pad(g.reshape(dy, [batch, channels, size]), [0, 0, 0], [0, 0, 1])
  return g.reshape(g.one('Gather', [flat, g.integers(places)], { axis: 2 }), x.shape)
}

/** Every channel's bias is added at all places. */
function bias(c: GradientContext): Value | null {
  if (!c.inputs[2]) return null
  return c.g.reduceSum(c.dy, [0, ...range(c.dy.shape.length).slice(2)], false)
}

/**
 * Adds each value of `dy`, times the weights, to the window it came from: the convolution transposed. Rows that no window
 * reached are put back by `output_padding`; what windows reached beyond the input's end is cut off.
 */
export function spreadWindows(
  g: Operators,
  dy: Value,
  weight: Value,
  window: Window,
  group: number,
  input: Shape,
): Value {
  const { kernel, strides, dilations, padBegin } = window
  const beyond = input.slice(2).map((size, axis) => {
    const reach = dilations[axis]! * (kernel[axis]! - 1) + 1
    return (dy.shape[axis + 2]! - 1) * strides[axis]! + reach - padBegin[axis]! - size
  })
  const attributes = {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: [...padBegin, ...beyond.map(count => Math.max(0, count))],
    output_padding: beyond.map(count => Math.max(0, -count)),
    group,
  }
  return g.one('ConvTranspose', [dy, weight], attributes)
}

/**
 * dW[o, i, k] = sum over batch and space of dy[b, o, s] x[b, i, stride s + dilation k]: a convolution of x with dy in which
 * batch and channels trade places, and so do stride and dilation. Groups stay groups.
 */
function weightGradient(g: Operators, x: Value, dy: Value, window: Window, group: number): Value {
  const swap = [1, 0, ...range(x.shape.length).slice(2)]
  const [batch, ...space] = [x.shape[0]!, ...x.shape.slice(2)]
  const [inputs, outputs] = [x.shape[1]! / group, dy.shape[1]! / group]
  // [batch, group * inputs, ..] to [inputs, group * batch, ..], and [batch, group * outputs, ..] to [group * outputs, batch, ..].
  const grouped = g.reshape(x, [batch, group, inputs, elements(space)])
  const columns = g.reshape(g.transpose(grouped, [2, 1, 0, 3]), [inputs, group * batch, ...space])
  const attributes = {
    kernel_shape: dy.shape.slice(2),
    strides: window.dilations,
    dilations: window.strides,
    pads: [...window.padBegin, ...window.padEnd],
    group,
  }
  const result = g.one('Conv', [group === 1 ? g.transpose(x, swap) : columns, g.transpose(dy, swap)], attributes)
  // Where the stride left rows over the result has more taps than the kernel.
  const trimmed = window.kernel.reduce((part, size, axis) => g.slice(part, axis + 2, 0, size), result)
  return g.reshape(g.transpose(trimmed, swap), [group * outputs, inputs, ...window.kernel])
}
