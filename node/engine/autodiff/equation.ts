/** The equation of an Einsum node. */
export interface Equation {
  readonly operands: readonly string[]
  readonly output: string
}

/** Null for equations with an ellipsis or a letter twice in one operand, or for another number of operands. */
export function parseEquation(text: string, operandCount: number): Equation | null {
  const [left = '', right] = text.replaceAll(' ', '').split('->')
  const operands = left.split(',')
  if (operands.length !== operandCount || text.includes('.')) return null
  if (operands.some(operand => new Set(operand).size !== operand.length)) return null
  return { operands, output: right ?? implicitOutput(operands.join('')) }
}

/** Without an arrow the output has the letters that occur once, in alphabetical order. */
function implicitOutput(letters: string): string {
  return [...letters]
    .filter(letter => letters.split(letter).length === 2)
    .sort()
    .join('')
}
