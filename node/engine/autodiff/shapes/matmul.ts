/** Matrix products. */
import { intAttribute, textAttribute } from '../attributes.ts'
import { parseEquation } from '../equation.ts'
import type { ShapeContext, ShapeRules } from './types.ts'

export const MATMUL_SHAPES: ShapeRules = {
  MatMul: c => [{ type: c.input(0).type, shape: product(c, c.input(0).shape, c.input(1).shape, false, false) }],
  Gemm: c => [
    {
      type: c.input(0).type,
      shape: product(
        c,
        c.input(0).shape,
        c.input(1).shape,
        intAttribute(c.node, 'transA', 0) === 1,
        intAttribute(c.node, 'transB', 0) === 1,
      ),
    },
  ],
  'com.microsoft.FusedMatMul': c => [
    {
      type: c.input(0).type,
      shape: product(
        c,
        c.input(0).shape,
        c.input(1).shape,
        intAttribute(c.node, 'transA', 0) === 1,
        intAttribute(c.node, 'transB', 0) === 1,
      ),
    },
  ],
  Einsum: c => {
    const ranks = c.inputs.map((_, index) => c.input(index).shape.length)
    const equation = parseEquation(textAttribute(c.node, 'equation', ''), ranks)
    if (equation === null) throw c.fault('has an equation with a letter twice in one operand', 'unknown-shape')
    const sizes = new Map<string, number>()
    for (const [index, letters] of equation.operands.entries()) {
      for (const [axis, letter] of [...letters].entries())
        sizes.set(letter, Math.max(sizes.get(letter) ?? 1, c.input(index).shape[axis] ?? 1))
    }
    return [{ type: c.input(0).type, shape: [...equation.output].map(letter => sizes.get(letter) ?? 1) }]
  },
}

/** NumPy's matmul: a vector on the left is a row, on the right a column, and its axis is dropped from the result. */
function product(
  c: ShapeContext,
  left: readonly number[],
  right: readonly number[],
  transposeLeft: boolean,
  transposeRight: boolean,
): number[] {
  if (left.length === 0 || right.length === 0) throw c.fault('multiplies a scalar')
  const a = left.length === 1 ? [1, left[0]!] : transposeLeft ? swapped(left) : left
  const b = right.length === 1 ? [right[0]!, 1] : transposeRight ? swapped(right) : right
  if (a.at(-1) !== b.at(-2)) throw c.fault(`multiplies the shapes [${left}] and [${right}], which do not fit`)
  const batch = c.broadcast(a.slice(0, -2), b.slice(0, -2))
  const rows = left.length === 1 ? [] : [a.at(-2)!]
  const columns = right.length === 1 ? [] : [b.at(-1)!]
  return [...batch, ...rows, ...columns]
}

function swapped(shape: readonly number[]): number[] {
  return [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!]
}
