/** RotaryEmbedding, which came with opset 23. */
import { intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements } from '../shape.ts'
import { mergeHeads, splitHeads } from './heads.ts'
import type { Decomposition } from './types.ts'

/** RotaryEmbedding-23: rotates pairs of values by angles that grow with the position. */
export const rotaryEmbedding: Decomposition = (g, node, [x, cosines, sines, positions]) => {
  if (!x || !cosines || !sines) return null
  const isFlat = x.shape.length === 3
  const heads = isFlat ? splitHeads(g, x, intAttribute(node, 'num_heads', 1)) : x
  const half = (intAttribute(node, 'rotary_embedding_dim', 0) || heads.shape[3]!) / 2
  const rows = (table: Value) => (positions ? g.one('Gather', [table, positions], { axis: 0 }) : table)
  const result = rotate(g, heads, {
    cosines: rows(cosines),
    sines: rows(sines),
    half,
    isInterleaved: intAttribute(node, 'interleaved', 0) === 1,
  })
  return [isFlat ? mergeHeads(g, result) : result]
}

export interface Rotation {
  /** [.., tokens, half], of the batch's each or of all. */
  readonly cosines: Value
  readonly sines: Value
  /** Pairs that are rotated; what is behind them stays. */
  readonly half: number
  /** Whether neighbours make a pair, not values half the width apart. */
  readonly isInterleaved: boolean
}

/** x is [batch, heads, tokens, width]. */
export function rotate(g: Operators, x: Value, { cosines, sines, half, isInterleaved }: Rotation): Value {
  const [, , tokens, width] = x.shape
  const angle = (rows: Value) => g.reshape(rows, [elements(rows.shape) / (tokens! * half), 1, tokens!, half])
  const [cos, sin] = [angle(cosines), angle(sines)]
  const rotated = 2 * half
  const [turned, rest] = g.split(x, 3, rotated === width ? [width] : [rotated, width! - rotated])
  const pairs = isInterleaved ? NEIGHBOURS : HALVES
  const [a, b] = pairs.apart(g, turned!)
  const first = g.sub(g.mul(a, cos), g.mul(b, sin))
  const second = g.add(g.mul(a, sin), g.mul(b, cos))
  const together = pairs.together(g, first, second)
  return rest ? g.concat([together, rest], 3) : together
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
