/** RotaryEmbedding of ONNX Runtime: that of opset 23 with its inputs in another order. */
import { DataType } from '../../../onnx/index.ts'
import { floatAttribute, intAttribute } from '../../attributes.ts'
import type { Value } from '../../builder.ts'
import type { Operators } from '../../operators.ts'
import { range } from '../../shape.ts'
import { mergeHeads, splitHeads } from '../heads.ts'
import { refuse } from '../refusal.ts'
import { rotate } from '../rotary.ts'
import type { Decomposition } from '../types.ts'

/**
 * com.microsoft.RotaryEmbedding: x as [batch, tokens, heads * width] or [batch, heads, tokens, width], the position of each
 * token or of the first one, and the tables. Heads are as wide as the tables tell unless a part of them is rotated.
 */
export const fusedRotaryEmbedding: Decomposition = (g, node, [x, positions, cosines, sines]) => {
  refuse(node, {
    scale: floatAttribute(node, 'scale', 1) !== 1,
    is_packed_batching: intAttribute(node, 'is_packed_batching', 0) === 1,
  })
  if (!x || !positions || !cosines || !sines) return null
  const isFlat = x.shape.length === 3
  const half = cosines.shape[1]!
  const isPart = intAttribute(node, 'rotary_embedding_dim', 0) > 0
  const count = isPart ? intAttribute(node, 'num_heads', 1) : x.shape[2]! / (2 * half)
  const heads = isFlat ? splitHeads(g, x, count) : x
  const rows = (table: Value) =>
    positions.shape.length === 1
      ? consecutive(g, table, positions, heads.shape[2]!)
      : g.one('Gather', [table, positions], { axis: 0 })
  const isInterleaved = intAttribute(node, 'interleaved', 0) === 1
  const turned = rotate(g, heads, { cosines: rows(cosines), sines: rows(sines), half, isInterleaved })
  return [isFlat ? mergeHeads(g, turned) : turned]
}

/** As many rows of a table as there are tokens, from the first token's on; from 0 where that is null. */
export function consecutive(g: Operators, table: Value, first: Value | null, tokens: number): Value {
  if (first === null) return g.slice(table, 0, 0, tokens)
  const places = g.add(g.cast(first, DataType.int64), g.integers(range(tokens)))
  return g.one('Gather', [table, places], { axis: 0 })
}
