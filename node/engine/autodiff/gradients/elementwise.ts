/** Gradients of operators that work value by value. `dy` is the output's gradient, `x` and `y` input and output. */
import { DataType, isFloat } from '../../onnx/index.ts'
import { floatAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const ELEMENTWISE_GRADIENTS: GradientRules = {
  Identity: ({ dy }) => [dy],
  Add: ({ dy }) => [dy, dy],
  Sub: c => [c.dy, c.g.neg(c.g.sumTo(c.dy, c.input(1).shape))],
  Mul: c => [c.g.mul(c.dy, c.input(1)), c.g.mul(c.dy, c.x)],
  Div: c => {
    const quotient = c.g.div(c.dy, c.input(1))
    return [quotient, c.g.neg(c.g.mul(quotient, c.y))]
  },
  Sum: c => c.inputs.map(() => c.dy),
  Mean: c => c.inputs.map(() => c.g.scale(c.dy, 1 / c.inputs.length)),
  Neg: ({ g, dy }) => [g.neg(dy)],
  Exp: ({ g, dy, y }) => [g.mul(dy, y)],
  Log: ({ g, dy, x }) => [g.div(dy, x)],
  Sqrt: ({ g, dy, y }) => [g.div(g.scale(dy, 0.5), y)],
  Reciprocal: ({ g, dy, y }) => [g.neg(g.mul(dy, g.square(y)))],
  Abs: ({ g, dy, x }) => [g.mul(dy, g.one('Sign', [x]))],
  Sin: ({ g, dy, x }) => [g.mul(dy, g.one('Cos', [x]))],
  Cos: ({ g, dy, x }) => [g.neg(g.mul(dy, g.one('Sin', [x])))],
  Tan: ({ g, dy, y }) => [g.mul(dy, g.offset(g.square(y), 1))],
  Sinh: ({ g, dy, x }) => [g.mul(dy, g.one('Cosh', [x]))],
  Cosh: ({ g, dy, x }) => [g.mul(dy, g.one('Sinh', [x]))],
  Asin: ({ g, dy, x }) => [g.div(dy, g.one('Sqrt', [g.offset(g.neg(g.square(x)), 1)]))],
  Acos: ({ g, dy, x }) => [g.neg(g.div(dy, g.one('Sqrt', [g.offset(g.neg(g.square(x)), 1)])))],
  Atan: ({ g, dy, x }) => [g.div(dy, g.offset(g.square(x), 1))],
  Asinh: ({ g, dy, x }) => [g.div(dy, g.one('Sqrt', [g.offset(g.square(x), 1)]))],
  Acosh: ({ g, dy, x }) => [g.div(dy, g.one('Sqrt', [g.offset(g.square(x), -1)]))],
  Atanh: ({ g, dy, x }) => [g.div(dy, g.offset(g.neg(g.square(x)), 1))],
  // The factor 2 / sqrt(pi) rides in the exponent, which saves a pass.
  Erf: ({ g, dy, x }) => [g.mul(dy, g.exp(g.sub(g.scalar(Math.log(2 / Math.sqrt(Math.PI)), x.type), g.square(x))))],
  Tanh: ({ g, dy, y }) => [g.sub(dy, g.mul(dy, g.square(y)))],
  Sigmoid: ({ g, dy, y }) => [g.mul(dy, g.sub(y, g.square(y)))],
  Relu: ({ g, dy, y }) => [g.keepWhere(g.one('Greater', [y, g.scalar(0, y.type)]), dy)],
  LeakyRelu: c => [slope(c, c.g.scale(c.dy, floatAttribute(c.node, 'alpha', 0.01)))],
  PRelu: c => {
    const { g, dy, x } = c
    return [
      g.one('Where', [positive(c), dy, g.mul(dy, c.input(1))]),
      g.one('Where', [positive(c), g.scalar(0, x.type), g.mul(dy, x)]),
    ]
  },
  Elu: c => [slope(c, c.g.mul(c.dy, c.g.offset(c.y, floatAttribute(c.node, 'alpha', 1))))],
  Selu: c => {
    const alpha = floatAttribute(c.node, 'alpha', 1.6732632)
    const gamma = floatAttribute(c.node, 'gamma', 1.0507009)
    const below = c.g.mul(c.dy, c.g.offset(c.y, alpha * gamma))
    return [c.g.one('Where', [positive(c), c.g.scale(c.dy, gamma), below])]
  },
  Celu: c => [slope(c, c.g.mul(c.dy, c.g.offset(c.g.scale(c.y, 1 / floatAttribute(c.node, 'alpha', 1)), 1)))],
  ThresholdedRelu: c => {
    const alpha = c.g.scalar(floatAttribute(c.node, 'alpha', 1), c.x.type)
    return [c.g.keepWhere(c.g.one('Greater', [c.x, alpha]), c.dy)]
  },
  Shrink: c => {
    const lambd = c.g.scalar(floatAttribute(c.node, 'lambd', 0.5), c.x.type)
    return [c.g.keepWhere(c.g.one('Greater', [c.g.one('Abs', [c.x]), lambd]), c.dy)]
  },
  Softplus: ({ g, dy, x }) => [g.mul(dy, g.one('Sigmoid', [x]))],
  Softsign: ({ g, dy, x }) => [g.div(dy, g.square(g.offset(g.one('Abs', [x]), 1)))],
  HardSigmoid: c => {
    const { g, y } = c
    const inside = g.one('And', [g.one('Greater', [y, g.scalar(0, y.type)]), g.one('Less', [y, g.scalar(1, y.type)])])
    return [g.keepWhere(inside, g.scale(c.dy, floatAttribute(c.node, 'alpha', 0.2)))]
  },
  HardSwish: ({ g, dy, x }) => {
    const above = g.one('GreaterOrEqual', [x, g.scalar(3, x.type)])
    const below = g.one('LessOrEqual', [x, g.scalar(-3, x.type)])
    const between = g.mul(dy, g.offset(g.scale(x, 1 / 3), 0.5))
    return [g.one('Where', [above, dy, g.one('Where', [below, g.scalar(0, x.type), between])])]
  },
  Mish: ({ g, dy, x }) => {
    const tanh = g.one('Tanh', [g.one('Softplus', [x])])
    const rise = g.mul(g.mul(x, g.one('Sigmoid', [x])), g.offset(g.neg(g.square(tanh)), 1))
    return [g.mul(dy, g.add(tanh, rise))]
  },
  // y = a - b n with a whole number n, rounded down or to 0.
  Mod: c => [c.dy, c.g.neg(c.g.mul(c.dy, c.g.one('Round', [c.g.div(c.g.sub(c.x, c.y), c.input(1))])))],
  Pow: c => [powBase(c), powExponent(c)],
  Min: extremum,
  Max: extremum,
  Clip: clip,
  Where: c => {
    const { g, dy } = c
    const condition = c.input(0)
    return [null, g.keepWhere(condition, dy), g.one('Where', [condition, g.scalar(0, dy.type), dy])]
  },
  Cast: c => [isFloat(c.x.type) ? c.g.cast(c.dy, c.x.type) : null],
  Dropout: dropout,
}

/** dy where x is positive, `below` elsewhere. */
function slope(c: GradientContext, below: Value): Value {
  return c.g.one('Where', [positive(c), c.dy, below])
}

function positive(c: GradientContext): Value {
  return c.g.one('Greater', [c.x, c.g.scalar(0, c.x.type)])
}

function powBase(c: GradientContext): Value {
  const { g, x, dy } = c
  const exponent = c.constant(1)
  if (exponent?.length !== 1) {
    const power = g.cast(c.input(1), x.type)
    const rise = g.mul(power, g.one('Pow', [x, g.offset(power, -1)]))
    // 0 * 0 ** -1 is NaN, but the gradient of x ** 0 is 0.
    return g.mul(dy, g.one('Where', [g.one('Equal', [power, g.scalar(0, power.type)]), g.scalar(0, x.type), rise]))
  }
  const power = exponent[0]!
  if (power === 0) return g.zeros(x.type, x.shape)
  if (power === 2) return g.mul(dy, g.scale(x, 2))
  if (power === 3) return g.mul(dy, g.scale(g.square(x), 3))
  return g.mul(dy, g.scale(g.one('Pow', [x, g.scalar(power - 1, x.type)]), power))
}

/** y * log(x), which is 0 where x is 0 and its limit exists. */
function powExponent(c: GradientContext): Value | null {
  const { g, x, y, dy } = c
  if (!isFloat(c.input(1).type)) return null
  const zero = g.scalar(0, x.type)
  const flat = g.one('And', [g.one('Equal', [x, zero]), g.one('GreaterOrEqual', [c.input(1), zero])])
  const gradient = g.mul(dy, g.mul(y, g.one('Log', [x])))
  return g.one('Where', [flat, zero, gradient])
}

/** The gradient goes to the inputs that reach the extremum; where several do, in equal shares (as PyTorch does for two). */
function extremum(c: GradientContext): (Value | null)[] {
  const { g, y, dy } = c
  if (c.inputs.length === 1) return [dy]
  const reaches = c.inputs.map(input => g.cast(g.one('Equal', [input, y]), dy.type))
  const count = reaches.reduce((sum, mask) => g.add(sum, mask))
  const share = g.div(dy, count)
  return reaches.map(mask => g.mul(share, mask))
}

/**
 * y = min(max(x, low), high). At a bound that is a constant x has no gradient; a bound that is computed shares it with x (as
 * PyTorch 2.15 does in both cases). Where the bounds cross, y is the upper one.
 */
function clip(c: GradientContext): (Value | null)[] {
  const { g, x, dy } = c
  const low = c.inputs[1] ?? null
  const high = c.inputs[2] ?? null
  const above = low && sides(c, 1, 'Greater', 'GreaterOrEqual')
  const below = high && sides(c, 2, 'Less', 'LessOrEqual')
  const share = (mask: Side, value: Value) =>
    mask.loose === null ? g.keepWhere(mask.strict, value) : g.add(half(mask.strict, value), half(mask.loose, value))
  const half = (mask: Value, value: Value) => g.keepWhere(mask, g.scale(value, 0.5))
  const inner = above ? share(above, dy) : dy
  const crossed = low && high && g.one('Greater', [low, high])
  const taken = (side: Side, value: Value) => g.sub(value, share(side, value))
  const ofLow = above && taken(above, dy)
  const ofHigh = below && taken(below, dy)
  return [
    below ? share(below, inner) : inner,
    low && ofLow && g.sumTo(crossed ? g.one('Where', [crossed, g.scalar(0, x.type), ofLow]) : ofLow, low.shape),
    high && ofHigh && g.sumTo(crossed ? g.one('Where', [crossed, dy, ofHigh]) : ofHigh, high.shape),
  ]
}

/** On which side of a bound x lies; `loose` counts the bound itself, null where it does not matter. */
interface Side {
  readonly strict: Value
  readonly loose: Value | null
}

function sides(c: GradientContext, bound: number, strict: string, loose: string): Side {
  const operands = [c.x, c.input(bound)]
  const isConstant = c.constant(bound) !== null
  return { strict: c.g.one(strict, operands), loose: isConstant ? null : c.g.one(loose, operands) }
}

function dropout(c: GradientContext): (Value | null)[] {
  const { g, dy } = c
  const training = c.inputs[2]
  if (!training) return [dy]
  const known = c.constant(2)
  if (known !== null && known[0] === 0) return [dy]
  const ratio = c.inputs[1] ?? g.scalar(0.5, dy.type)
  const kept = g.offset(g.neg(g.cast(ratio, dy.type)), 1)
  const masked = g.div(g.mul(dy, g.cast(g.optionalOutput(c.node, 1), dy.type)), kept)
  return [known === null ? g.one('Where', [g.cast(training, DataType.bool), masked, dy]) : masked]
}
