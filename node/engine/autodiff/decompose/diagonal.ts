/** Einsum over diagonals: a letter that an operand has twice becomes two letters, held together by the identity. */
import { textAttribute } from '../attributes.ts'
import { equationText, parseTerms } from '../equation.ts'
import { range } from '../shape.ts'
import type { Decomposition } from './types.ts'

export const diagonals: Decomposition = (g, node, inputs) => {
  const operands = inputs.filter(input => input !== null)
  const terms = parseTerms(
    textAttribute(node, 'equation', ''),
    operands.map(({ shape }) => shape.length),
  )
  if (terms === null || terms.operands.every(letters => new Set(letters).size === letters.length)) return null
  const used = new Set(terms.operands.join('') + terms.output)
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter(letter => !used.has(letter))
  const pairs: { letters: string; size: number }[] = []
  const apart = terms.operands.map((letters, index) =>
    [...letters]
      .map((letter, axis) => {
        if (letters.indexOf(letter) === axis) return letter
        const other = free.shift() ?? letter
        pairs.push({ letters: letter + other, size: operands[index]!.shape[axis]! })
        return other
      })
      .join(''),
  )
  const identities = pairs.map(({ size }) => {
    const values = range(size * size).map(at => (at % (size + 1) === 0 ? 1 : 0))
    return g.numbersAs(operands[0]!.type, [size, size], values)
  })
  const equation = equationText({ operands: [...apart, ...pairs.map(({ letters }) => letters)], output: terms.output })
  return [g.one('Einsum', [...operands, ...identities], { equation })]
}
