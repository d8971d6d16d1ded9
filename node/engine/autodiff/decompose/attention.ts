/** Attention and rotary positions of opset 23. */
import { DataType, type Node } from '../../onnx/index.ts'
import { floatAttribute, intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements, range } from '../shape.ts'
import { tensorOf } from '../values.ts'
import type { Decomposition } from './types.ts'

/** Attention-23: inputs q, k, v as [batch, heads, tokens, width] or [batch, tokens, heads * width], and a mask. */
export const attention: Decomposition = (g, node, [q, k, v, mask, ...past]) => {
  if (!q || !k || !v || past.some(value => value !== null)) return null
  // Windows came with opset 25; -1 is none.
  if (['left_window_size', 'right_window_size'].some(name => intAttribute(node, name, -1) !== -1)) return null
  // A shorter mask (opset 24) stands for keys that are not seen.
  if (mask && mask.shape.at(-1) !== k.shape.at(-2) && mask.shape.at(-1) !== 1) return null
  const isFlat = q.shape.length === 3
  const query = isFlat ? splitHeads(g, q, intAttribute(node, 'q_num_heads', 1)) : q
  const groups = (isFlat ? intAttribute(node, 'kv_num_heads', 1) : k.shape[1])!
  const repeats = query.shape[1]! / groups
  const [key, value] = [k, v].map(part => repeatHeads(g, isFlat ? splitHeads(g, part, groups) : part, repeats))
  const scale = floatAttribute(node, 'scale', 0) || 1 / Math.sqrt(query.shape[3]!)
  const scores = softCap(g, g.product(query, key!, { transposeB: true, scale }), floatAttribute(node, 'softcap', 0))
  const masked = causal(g, node, addMask(g, scores, mask ?? null))
  const mixed = g.product(g.one('Softmax', [masked], { axis: -1 }), value!)
  if (!isFlat) return [mixed]
  const [batch, heads, tokens, width] = mixed.shape
  return [g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [batch!, tokens!, heads! * width!])]
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

function addMask(g: Operators, scores: Value, mask: Value | null): Value {
  if (mask === null) return scores
  if (mask.type !== DataType.bool) return g.add(scores, mask)
  return g.one('Where', [mask, scores, g.scalar(Number.NEGATIVE_INFINITY, scores.type)])
}

function causal(g: Operators, node: Node, scores: Value): Value {
  if (intAttribute(node, 'is_causal', 0) !== 1) return scores
  const [rows, columns] = [scores.shape.at(-2)!, scores.shape.at(-1)!]
  const name = `gradient/causal.${rows}.${columns}`
  const values = range(rows * columns).map(at => (at % columns <= Math.floor(at / columns) ? 1 : 0))
  const visible = g.find(name) ?? g.constant(tensorOf(name, DataType.bool, [rows, columns], values))
  return g.one('Where', [visible, scores, g.scalar(Number.NEGATIVE_INFINITY, scores.type)])
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
