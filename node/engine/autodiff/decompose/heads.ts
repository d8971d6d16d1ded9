/** Heads of attention: [batch, tokens, heads * width] as [batch, heads, tokens, width], and back. */
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'

export function splitHeads(g: Operators, x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape
  return g.transpose(g.reshape(x, [batch!, tokens!, heads, width! / heads]), [0, 2, 1, 3])
}

export function mergeHeads(g: Operators, x: Value): Value {
  const [batch, heads, tokens, width] = x.shape
  return g.reshape(g.transpose(x, [0, 2, 1, 3]), [batch!, tokens!, heads! * width!])
}

/** Grouped queries: each head of keys serves `repeats` heads of queries next to each other. */
export function repeatHeads(g: Operators, x: Value, repeats: number): Value {
  if (repeats === 1) return x
  const [batch, groups, tokens, width] = x.shape
  const spread = g.expand(g.reshape(x, [batch!, groups!, 1, tokens!, width!]), [
    batch!,
    groups!,
    repeats,
    tokens!,
    width!,
  ])
  return g.reshape(spread, [batch!, groups! * repeats, tokens!, width!])
}
