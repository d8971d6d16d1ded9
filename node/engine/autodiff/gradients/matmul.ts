/** Gradients of matrix products: for Y = A B they are dA = dY B^T and dB = A^T dY, in each case of transposition. */
import { floatAttribute, intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const MATMUL_GRADIENTS: GradientRules = {
  MatMul: matmul,
  Gemm: gemm,
  'com.microsoft.FusedMatMul': c => {
    const flags = flagsOf(c)
    return [gradientA(c.g, c.input(1), c.dy, flags), gradientB(c.g, c.x, c.dy, flags)]
  },
}

interface Flags {
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly scale: number
}

const PLAIN: Flags = { transposeA: false, transposeB: false, scale: 1 }

function flagsOf(c: GradientContext): Flags {
  return {
    transposeA: intAttribute(c.node, 'transA', 0) === 1,
    transposeB: intAttribute(c.node, 'transB', 0) === 1,
    scale: floatAttribute(c.node, 'alpha', 1),
  }
}

function gradientA(g: Operators, b: Value, dy: Value, { transposeA, transposeB, scale }: Flags): Value {
  return transposeA
    ? g.product(b, dy, { transposeA: transposeB, transposeB: true, scale })
    : g.product(dy, b, { transposeB: !transposeB, scale })
}

function gradientB(g: Operators, a: Value, dy: Value, { transposeA, transposeB, scale }: Flags): Value {
  return transposeB
    ? g.product(dy, a, { transposeA: true, transposeB: transposeA, scale })
    : g.product(a, dy, { transposeA: !transposeA, scale })
}

function matmul(c: GradientContext): (Value | null)[] {
  const { g, x: a, dy } = c
  const b = c.input(1)
  // A weight matrix applied to a batch: one large product each instead of a batch of small ones that are then summed.
  if (b.shape.length === 2 && a.shape.length > 2) {
    const rows = g.asMatrix(dy)
    const da = g.product(rows, b, { transposeB: true })
    return [g.reshape(da, a.shape), g.product(g.asMatrix(a), rows, { transposeA: true })]
  }
  // Vectors become matrices of one row or column, as the operator itself reads them.
  const left = a.shape.length === 1 ? g.reshape(a, [1, a.shape[0]!]) : a
  const right = b.shape.length === 1 ? g.reshape(b, [b.shape[0]!, 1]) : b
  const batch = dy.shape.slice(0, dy.shape.length - (a.shape.length > 1 ? 1 : 0) - (b.shape.length > 1 ? 1 : 0))
  const matrix = g.reshape(dy, [...batch, left.shape.at(-2)!, right.shape.at(-1)!])
  const da = g.sumTo(gradientA(g, right, matrix, PLAIN), left.shape)
  const db = g.sumTo(gradientB(g, left, matrix, PLAIN), right.shape)
  return [g.reshape(da, a.shape), g.reshape(db, b.shape)]
}

function gemm(c: GradientContext): (Value | null)[] {
  const flags = flagsOf(c)
  const { g, x, dy } = c
  const addend = c.inputs[2]
  const dc = addend ? g.scale(g.sumTo(dy, addend.shape), floatAttribute(c.node, 'beta', 1)) : null
  return [gradientA(g, c.input(1), dy, flags), gradientB(g, x, dy, flags), dc]
}
