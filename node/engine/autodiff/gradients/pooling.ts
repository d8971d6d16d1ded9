/** Gradients of pooling over [batch, channels, spatial...]. */
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { elements, range } from '../shape.ts'
import { type Window, windowOf } from '../windows.ts'
import { spreadWindows } from './convolution.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const POOLING_GRADIENTS: GradientRules = {
  MaxPool: c => {
    const { g, x, dy } = c
    if (intAttribute(c.node, 'storage_order', 0) === 1) throw c.fault('numbers its maxima column by column')
    // The second output numbers the values of the whole input, row-major.
    const places = g.reshape(g.optionalOutput(c.node, 1), [elements(dy.shape)])
    return [g.reshape(g.scatterAdd([elements(x.shape)], 0, places, g.reshape(dy, [elements(dy.shape)])), x.shape)]
  },
  // Each value was put at one place of the whole output.
  MaxUnpool: c => {
    const { g, x, dy } = c
    const places = g.reshape(c.input(1), [elements(x.shape)])
    return [g.reshape(g.one('Gather', [g.reshape(dy, [elements(dy.shape)]), places], { axis: 0 }), x.shape)]
  },
  AveragePool: c => [averagePool(c)],
  GlobalAveragePool: c => {
    const { g, x, dy } = c
    return [g.expand(g.scale(dy, elements(dy.shape) / elements(x.shape)), x.shape)]
  },
  // Where several values reach the maximum the first has the gradient, as with MaxPool.
  GlobalMaxPool: c => {
    const { g, x, dy } = c
    const channels = elements(x.shape.slice(0, 2))
    const rows = [channels, elements(x.shape) / channels]
    const first = g.one('ArgMax', [g.reshape(x, rows)], { axis: 1, keepdims: 1 })
    return [g.reshape(g.scatterAdd(rows, 1, first, g.reshape(dy, [channels, 1])), x.shape)]
  },
}

/** Each window's gradient is spread evenly over it: a transposed convolution, channel by channel, with ones. */
function averagePool(c: GradientContext): Value {
  const { g, x, dy } = c
  const window = windowOf(c.node, x.shape.slice(2), null)
  const channels = x.shape[1]!
  const counts = windowCounts(window, x.shape.slice(2), intAttribute(c.node, 'count_include_pad', 0) === 1)
  const isFull = counts.every((axis, at) => axis.every(count => count === window.kernel[at]))
  const ones = (value: number) => g.expand(g.scalar(value, x.type), [channels, 1, ...window.kernel])
  if (isFull) return spreadWindows(g, dy, ones(1 / elements(window.kernel)), window, channels, x.shape)
  const share = counts.reduce((part, axis, at) => g.div(part, along(c, axis, at + 2)), dy)
  return spreadWindows(g, share, ones(1), window, channels, x.shape)
}

/** The values as a constant that broadcasts along one axis of the node's output. */
function along(c: GradientContext, values: readonly number[], axis: number): Value {
  const shape = c.dy.shape.map((_, at) => (at === axis ? values.length : 1))
  return c.g.numbersAs(c.x.type, shape, values)
}

/** For each axis and window the number of values that its mean is over; padding counts only where asked for. */
function windowCounts(window: Window, input: readonly number[], countsPadding: boolean): number[][] {
  const { kernel, strides, dilations, padBegin, padEnd, output } = window
  return input.map((size, axis) =>
    range(output[axis]!).map(at => {
      const places = range(kernel[axis]!).map(tap => at * strides[axis]! - padBegin[axis]! + tap * dilations[axis]!)
      const [low, high] = countsPadding ? [-padBegin[axis]!, size + padEnd[axis]!] : [0, size]
      return places.filter(place => place >= low && place < high).length
    }),
  )
}
