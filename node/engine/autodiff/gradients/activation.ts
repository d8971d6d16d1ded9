/** Gradients of the GELU family (Hendrycks and Gimpel 2016, arXiv:1606.08415) and its sigmoid relatives. */
import { floatAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import type { GradientContext, GradientRules } from './types.ts'

/** sqrt(2 / pi) and the cubic term of the tanh approximation. */
const TANH_SCALE = Math.sqrt(2 / Math.PI)
const TANH_CUBIC = 0.044715

export const ACTIVATION_GRADIENTS: GradientRules = {
  Gelu: c => [
    textAttribute(c.node, 'approximate', 'none') === 'tanh' ? tanhGelu(c.g, c.x, c.dy) : erfGelu(c.g, c.x, c.dy),
  ],
  'com.microsoft.Gelu': c => [erfGelu(c.g, c.x, c.dy)],
  'com.microsoft.BiasGelu': c => biased(c, erfGelu),
  'com.microsoft.FastGelu': c => biased(c, tanhGelu),
  'com.microsoft.QuickGelu': c => [sigmoidLinear(c, floatAttribute(c.node, 'alpha', 1.702))],
}

type ActivationGradient = (g: Operators, x: Value, dy: Value) => Value

function biased(c: GradientContext, gradient: ActivationGradient): (Value | null)[] {
  const bias = c.inputs[1]
  const dx = gradient(c.g, bias ? c.g.add(c.x, bias) : c.x, c.dy)
  return [dx, bias ? dx : null]
}

/**
 * d/dx of x Phi(x) is Phi(x) + x phi(x). With w = x / sqrt(2) that is (1 + erf(w) + w exp(ln(2 / sqrt(pi)) - w^2)) / 2, which
 * takes nine passes over the tensor where the textbook form takes twelve.
 */
function erfGelu(g: Operators, x: Value, dy: Value): Value {
  const w = g.scale(x, Math.SQRT1_2)
  const density = g.mul(w, g.exp(g.sub(g.scalar(Math.log(2 / Math.sqrt(Math.PI)), x.type), g.square(w))))
  const slope = g.offset(g.add(g.one('Erf', [w]), density), 1)
  return g.mul(g.scale(dy, 0.5), slope)
}

/**
 * The approximation is y = x s with s = sigmoid(z), z = x p, p = a x^2 + b; hence dy/dx = s + x s (1 - s) (3 p - 2 b).
 */
function tanhGelu(g: Operators, x: Value, dy: Value): Value {
  const b = 2 * TANH_SCALE
  const a = b * TANH_CUBIC
  const p = g.offset(g.scale(g.square(x), a), b)
  const s = g.one('Sigmoid', [g.mul(x, p)])
  const bell = g.mul(x, g.sub(s, g.square(s)))
  const slope = g.add(s, g.mul(bell, g.offset(g.scale(p, 3), -2 * b)))
  return g.mul(dy, slope)
}

/** y = x s with s = sigmoid(alpha x): with z = alpha y, dy/dx = s + alpha y (1 - s) = z + s (1 - z). */
function sigmoidLinear(c: GradientContext, alpha: number): Value {
  const { g, x, dy } = c
  const s = g.one('Sigmoid', [g.scale(x, alpha)])
  const z = g.scale(c.y, alpha)
  return g.mul(dy, g.add(z, g.mul(s, g.sub(g.scalar(1, x.type), z))))
}
