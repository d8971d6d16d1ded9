/** The equation of an Einsum node. */
export interface Equation {
  readonly operands: readonly string[]
  readonly output: string
}

/** The letters that an ellipsis stands for, the last axis last; equations use letters only. */
const ELLIPSIS = '0123456789'

/**
 * With every ellipsis spelled out. Null for equations with a letter twice in one operand, or that do not fit the operands.
 * @param ranks of the operands
 */
export function parseEquation(text: string, ranks: readonly number[]): Equation | null {
  const terms = parseTerms(text, ranks)
  return terms?.operands.every(operand => new Set(operand).size === operand.length) ? terms : null
}

/** As above, with letters that an operand has twice. */
export function parseTerms(text: string, ranks: readonly number[]): Equation | null {
  const [left = '', right] = text.replaceAll(' ', '').split('->')
  const given = left.split(',')
  if (given.length !== ranks.length) return null
  const spans = given.map((operand, index) => (operand.includes('...') ? ranks[index]! - operand.length + 3 : 0))
  const longest = Math.max(...spans)
  if (spans.some(span => span < 0) || longest > ELLIPSIS.length) return null
  const spell = (part: string, span: number) => part.replace('...', ELLIPSIS.slice(ELLIPSIS.length - span))
  const operands = given.map((operand, index) => spell(operand, spans[index]!))
  if (operands.some((operand, index) => operand.length !== ranks[index])) return null
  return { operands, output: spell(right ?? `...${implicitOutput(left.replaceAll(/[.,]/g, ''))}`, longest) }
}

/** Without an arrow the output has the letters that occur once, in alphabetical order. */
function implicitOutput(letters: string): string {
  return [...letters]
    .filter(letter => letters.split(letter).length === 2)
    .sort()
    .join('')
}

/** The equation with letters only, as ONNX wants it. */
export function equationText({ operands, output }: Equation): string {
  const used = new Set(operands.join('') + output)
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter(letter => !used.has(letter))
  return `${operands.join(',')}->${output}`.replaceAll(/[0-9]/g, digit => free[Number(digit)]!)
}
