/** Gradient of Einsum over explicit equations: each operand's gradient is an Einsum of the others with the output's. */
import { textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { parseEquation } from '../equation.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const EINSUM_GRADIENTS: GradientRules = {
  Einsum: c => {
    const equation = parseEquation(textAttribute(c.node, 'equation', ''), c.inputs.length)
    if (equation === null) throw c.fault('has an equation with an ellipsis or a repeated letter in one operand')
    return c.inputs.map((_, index) => operandGradient(c, equation.operands, equation.output, index))
  },
}

function operandGradient(c: GradientContext, operands: readonly string[], output: string, index: number): Value {
  const { g, dy } = c
  const letters = operands[index]!
  const others = operands.flatMap((operand, at) => (at === index ? [] : [{ letters: operand, value: c.input(at) }]))
  // A letter that is summed out of this operand alone does not occur elsewhere: its gradient is the same along that axis.
  const elsewhere = output + others.map(other => other.letters).join('')
  const present = [...letters].filter(letter => elsewhere.includes(letter)).join('')
  const equation = `${[output, ...others.map(other => other.letters)].join(',')}->${present}`
  const partial = g.one('Einsum', [dy, ...others.map(other => other.value)], { equation })
  const { shape } = c.input(index)
  const spread = g.reshape(
    partial,
    [...letters].map((letter, axis) => (present.includes(letter) ? shape[axis]! : 1)),
  )
  return g.expand(spread, shape)
}
