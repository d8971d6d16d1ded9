/** Gradients of reductions: the output's gradient is spread over the axes that were folded. */
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { elements } from '../shape.ts'
import { reducedAxes } from '../shapes/reduce.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const REDUCE_GRADIENTS: GradientRules = {
  ReduceSum: c => [c.g.expand(kept(c, c.dy), c.x.shape)],
  ReduceMean: c => [c.g.expand(c.g.scale(kept(c, c.dy), elements(c.y.shape) / elements(c.x.shape)), c.x.shape)],
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceL1: c => [c.g.mul(kept(c, c.dy), c.g.one('Sign', [c.x]))],
  ReduceL2: c => {
    const { g, x } = c
    const norm = kept(c, c.y)
    // The norm has no gradient at 0; PyTorch takes 0 there.
    const share = g.one('Where', [
      g.one('Equal', [norm, g.scalar(0, x.type)]),
      g.scalar(0, x.type),
      g.div(kept(c, c.dy), norm),
    ])
    return [g.mul(x, share)]
  },
  ReduceSumSquare: c => [c.g.mul(c.x, c.g.scale(kept(c, c.dy), 2))],
  ReduceLogSumExp: c => [c.g.mul(c.g.exp(c.g.sub(c.x, kept(c, c.y))), kept(c, c.dy))],
  ReduceLogSum: c => [c.g.expand(c.g.div(kept(c, c.dy), c.g.exp(kept(c, c.y))), c.x.shape)],
  ReduceProd: c => [product(c)],
  CumSum: c => {
    const attributes = {
      exclusive: intAttribute(c.node, 'exclusive', 0),
      reverse: 1 - intAttribute(c.node, 'reverse', 0),
    }
    return [c.g.one('CumSum', [c.dy, c.input(1)], attributes)]
  },
}

/** The value of the output's shape with the folded axes put back as size 1. */
function kept(c: GradientContext, value: Value): Value {
  return c.g.keepAxes(value, c.x.shape, reducedAxes(c.node, c.x.shape.length, c.fixed(1)))
}

/** Where several values reach the extremum they share the gradient equally, as PyTorch's amax does. */
function extremum(c: GradientContext): (Value | null)[] {
  const { g, x } = c
  const axes = reducedAxes(c.node, x.shape.length, c.fixed(1))
  const reaches = g.cast(g.one('Equal', [x, kept(c, c.y)]), x.type)
  const share = g.div(kept(c, c.dy), g.reduceSum(reaches, axes))
  return [g.mul(reaches, share)]
}

/** The product of the others: y / x, but where a value is 0 the product of what is not, and 0 where two are. */
function product(c: GradientContext): Value {
  const { g, x } = c
  const axes = reducedAxes(c.node, x.shape.length, c.fixed(1))
  const isZero = g.one('Equal', [x, g.scalar(0, x.type)])
  const safe = g.one('Where', [isZero, g.scalar(1, x.type), x])
  const zero = g.cast(isZero, x.type)
  const isAlone = g.one('Equal', [g.reduceSum(zero, axes), zero])
  const whole = axes.length === 0 ? safe : g.reduceProd(safe, axes)
  return g.keepWhere(isAlone, g.mul(kept(c, c.dy), g.div(whole, safe)))
}
