/** Pooling by a norm: LpPool-18 and GlobalLpPool-2, (sum of |x|^p)^(1/p) over each window. */
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements, range } from '../shape.ts'
import { windowOf } from '../windows.ts'
import type { Decomposition } from './types.ts'

export const lpPool: Decomposition = (g, node, [x]) => {
  if (!x) return null
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]]
  const { kernel, strides, dilations, padBegin, output } = windowOf(node, space, null)
  // A last window in part ends in padding.
  const padEnd = space.map((size, axis) => {
    const reach = dilations[axis]! * (kernel[axis]! - 1) + 1
    return Math.max(0, (output[axis]! - 1) * strides[axis]! + reach - size - padBegin[axis]!)
  })
  const p = intAttribute(node, 'p', 2)
  const planes = g.reshape(power(g, x, p), [batch * channels, 1, ...space])
  const ones = g.expand(g.scalar(1, x.type), [1, 1, ...kernel])
  const attributes = { kernel_shape: kernel, strides, dilations, pads: [...padBegin, ...padEnd] }
  return [root(g, g.reshape(g.one('Conv', [planes, ones], attributes), [batch, channels, ...output]), p)]
}

export const globalLpPool: Decomposition = (g, node, [x]) => {
  if (!x) return null
  const p = intAttribute(node, 'p', 2)
  return [root(g, g.reduceSum(power(g, x, p), range(x.shape.length).slice(2)), p)]
}

function power(g: Operators, x: Value, p: number): Value {
  if (p === 2) return g.square(x)
  const size = g.one('Abs', [x])
  return p === 1 ? size : g.one('Pow', [size, g.scalar(p, x.type)])
}

/** The root has no gradient at 0, as with ReduceL2. */
function root(g: Operators, sum: Value, p: number): Value {
  if (p === 1 || elements(sum.shape) === 0) return sum
  const isZero = g.one('Equal', [sum, g.scalar(0, sum.type)])
  const safe = g.one('Where', [isZero, g.scalar(1, sum.type), sum])
  const taken = p === 2 ? g.one('Sqrt', [safe]) : g.one('Pow', [safe, g.scalar(1 / p, sum.type)])
  return g.one('Where', [isZero, g.scalar(0, sum.type), taken])
}
