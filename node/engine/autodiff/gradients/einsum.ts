/** Gradient of Einsum over explicit equations: each operand's gradient is an Einsum of the others with the output's. */
import { textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { equationText, parseEquation } from '../equation.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const EINSUM_GRADIENTS: GradientRules = {
  Einsum: c => {
    const ranks = c.inputs.map((_, index) => c.input(index).shape.length)
    const equation = parseEquation(textAttribute(c.node, 'equation', ''), ranks)
    if (equation === null) throw c.fault('has an equation with a letter twice in one operand')
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
  const equation = equationText({ operands: [output, ...others.map(other => other.letters)], output: present })
  const partial = g.one('Einsum', [dy, ...others.map(other => other.value)], { equation })
  const { shape } = c.input(index)
  const sizes = [...partial.shape]
  const spread = g.reshape(
    partial,
    [...letters].map(letter => (present.includes(letter) ? (sizes.shift() ?? 1) : 1)),
  )
  // An axis of size 1 that the others stretched keeps their size: the walker sums it.
  return g.expand(
    spread,
    shape.map((size, axis) => Math.max(size, spread.shape[axis]!)),
  )
}
