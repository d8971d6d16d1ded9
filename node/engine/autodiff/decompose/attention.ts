/** Attention and rotary positions, which came with opset 23. */
import { floatAttribute, intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements } from '../shape.ts'
import { type Masking, maskOf } from './attention-mask.ts'
import type { Decomposition } from './types.ts'

/**
 * Attention-25: inputs q, k, v as [batch, heads, tokens, width] or [batch, tokens, heads * width], a mask, keys and values of
 * before, and how many keys of each batch are no padding. Outputs: the mixed values, all keys and values, and the scores or
 * weights (`qk_matmul_output_mode` 0 and 3; what the others mean has changed).
 */
export const attention: Decomposition = (g, node, [q, k, v, mask, pastKey, pastValue, lengths]) => {
  const mode = intAttribute(node, 'qk_matmul_output_mode', 0)
  if (!q || !k || !v || (node.outputs[3] && mode !== 0 && mode !== 3)) return null
  const isFlat = q.shape.length === 3
  const query = isFlat ? splitHeads(g, q, intAttribute(node, 'q_num_heads', 1)) : q
  const groups = (isFlat ? intAttribute(node, 'kv_num_heads', 1) : k.shape[1])!
  const repeats = query.shape[1]! / groups
  const withPast = (past: Value | null | undefined, given: Value) => {
    const own = isFlat ? splitHeads(g, given, groups) : given
    return past ? g.concat([past, own], 2) : own
  }
  const [key, value] = [withPast(pastKey, k), withPast(pastValue, v)]
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(query.shape[3]!)
  const products = g.product(query, repeatHeads(g, key, repeats), { transposeB: true, scale })
  const scores = softCap(g, products, floatAttribute(node, 'softcap', 0))
  const past = pastKey?.shape[2] ?? 0
  const masking = maskOf(g, node, { scores, mask: mask ?? null, lengths: lengths ?? null, past })
  const weights = masked(g, scores, masking)
  const mixed = g.product(weights, repeatHeads(g, value, repeats))
  const outputs = [key, value, mode === 3 ? weights : products]
  if (!isFlat) return [mixed, ...outputs]
  const [batch, heads, tokens, width] = mixed.shape
  return [g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [batch!, tokens!, heads! * width!]), ...outputs]
}

/** Softmax of the scores that are seen; a query that sees nothing has the weights 0. */
function masked(g: Operators, scores: Value, masking: Masking | null): Value {
  if (masking === null) return g.one('Softmax', [scores], { axis: -1 })
  const weights = g.one('Softmax', [g.add(scores, masking.term)], { axis: -1 })
  if (!masking.mayHideRows) return weights
  const most = g.reduceMax(masking.term, [masking.term.shape.length - 1])
  const isHidden = g.one('Equal', [most, g.scalar(Number.NEGATIVE_INFINITY, most.type)])
  return g.one('Where', [isHidden, g.scalar(0, weights.type), weights])
}

function splitHeads(g: Operators, x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape
  return g.transpose(g.reshape(x, [batch!, tokens!, heads, width! / heads]), [0, 2, 1, 3])
}

/** Grouped queries: each head of keys serves `repeats` heads of queries next to each other. */
function repeatHeads(g: Operators, x: Value, repeats: number): Value {
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

function softCap(g: Operators, scores: Value, cap: number): Value {
  return cap === 0 ? scores : g.scale(g.one('Tanh', [g.scale(scores, 1 / cap)]), cap)
}

/** RotaryEmbedding-23: rotates pairs of values by angles that grow with the position. */
export const rotaryEmbedding: Decomposition = (g, node, [x, cosines, sines, positions]) => {
  if (!x || !cosines || !sines) return null
  const isFlat = x.shape.length === 3
  const heads = isFlat ? splitHeads(g, x, intAttribute(node, 'num_heads', 1)) : x
  const [batch, , tokens, width] = heads.shape
  const rotated = intAttribute(node, 'rotary_embedding_dim', 0) || width!
  const half = rotated / 2
  const angle = (table: Value) => {
    const rows = positions ? g.one('Gather', [table, positions], { axis: 0 }) : table
    return g.reshape(rows, [elements(rows.shape) / (tokens! * half), 1, tokens!, half])
  }
  const [cos, sin] = [angle(cosines), angle(sines)]
  const [turned, rest] = g.split(heads, 3, rotated === width ? [width] : [rotated, width! - rotated])
  const pairs = intAttribute(node, 'interleaved', 0) === 1 ? NEIGHBOURS : HALVES
  const [a, b] = pairs.apart(g, turned!)
  const first = g.sub(g.mul(a, cos), g.mul(b, sin))
  const second = g.add(g.mul(a, sin), g.mul(b, cos))
  const together = pairs.together(g, first, second)
  const result = rest ? g.concat([together, rest], 3) : together
  return isFlat
    ? [g.reshape(g.transpose(result, [0, 2, 1, 3]), [batch!, tokens!, elements(x.shape) / (batch! * tokens!)])]
    : [result]
}

/** Which values of the last axis make a pair: [.., 2 n] to two times [.., n] and back. */
interface Pairs {
  readonly apart: (g: Operators, x: Value) => [Value, Value]
  readonly together: (g: Operators, a: Value, b: Value) => Value
}

const HALVES: Pairs = {
  apart: (g, x) => {
    const half = x.shape.at(-1)! / 2
    const [a, b] = g.split(x, x.shape.length - 1, [half, half])
    return [a!, b!]
  },
  together: (g, a, b) => g.concat([a, b], a.shape.length - 1),
}

const NEIGHBOURS: Pairs = {
  apart: (g, x) => {
    const shape = [...x.shape.slice(0, -1), x.shape.at(-1)! / 2]
    const [a, b] = g.split(g.reshape(x, [...shape, 2]), shape.length, [1, 1])
    return [g.reshape(a!, shape), g.reshape(b!, shape)]
  },
  together: (g, a, b) => {
    const columns = [a, b].map(value => g.reshape(value, [...value.shape, 1]))
    return g.reshape(g.concat(columns, a.shape.length), [...a.shape.slice(0, -1), 2 * a.shape.at(-1)!])
  },
}
