/** The core that all operators of attention share: what each query takes of the values whose keys it sees. */
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { type MaskInputs, type Masking, maskOf } from './attention-mask.ts'
import { repeatHeads } from './heads.ts'

export interface AttentionInputs extends Omit<MaskInputs, 'scores'> {
  /** [batch, heads, tokens, width]; keys and values may have fewer heads, each of which serves a group of queries. */
  readonly query: Value
  readonly key: Value
  readonly value: Value
  /** Factor of the products; 0 for 1 / sqrt(width). */
  readonly scale: number
  /** Bound of the products, before what is not seen is hidden; 0 for none. */
  readonly softCap: number
  /** One more score of every query, which takes its share of the weights and adds nothing; broadcast to [batch, heads, tokens, 1]. */
  readonly sink?: Value | null
}

export interface Attended {
  /** [batch, heads, tokens, width of the values]. */
  readonly mixed: Value
  /** Scores as they are before what is not seen is hidden. */
  readonly products: Value
  readonly weights: Value
  /** What was added to hide it. */
  readonly masking: Masking | null
}

export function attend(g: Operators, given: AttentionInputs): Attended {
  const { query, key, value, sink = null } = given
  const repeats = query.shape[1]! / key.shape[1]!
  const scale = given.scale || 1 / Math.sqrt(query.shape[3]!)
  const products = g.product(query, repeatHeads(g, key, repeats), { transposeB: true, scale })
  const scores = softCap(g, products, given.softCap)
  const masking = maskOf(g, { ...given, scores })
  const weights = sink === null ? weigh(g, scores, masking) : weighWithSink(g, scores, masking, sink)
  return { mixed: g.product(weights, repeatHeads(g, value, repeats)), products, weights, masking }
}

function softCap(g: Operators, scores: Value, cap: number): Value {
  return cap === 0 ? scores : g.scale(g.one('Tanh', [g.scale(scores, 1 / cap)]), cap)
}

/** Softmax of the scores that are seen; a query that sees nothing has the weights 0. */
function weigh(g: Operators, scores: Value, masking: Masking | null): Value {
  if (masking === null) return g.one('Softmax', [scores], { axis: -1 })
  const weights = g.one('Softmax', [g.add(scores, masking.term)], { axis: -1 })
  if (!masking.mayHideRows) return weights
  const most = g.reduceMax(masking.term, [masking.term.shape.length - 1])
  const isHidden = g.one('Equal', [most, g.scalar(Number.NEGATIVE_INFINITY, most.type)])
  return g.one('Where', [isHidden, g.scalar(0, weights.type), weights])
}

function weighWithSink(g: Operators, scores: Value, masking: Masking | null, sink: Value): Value {
  const seen = masking === null ? scores : g.add(scores, masking.term)
  const keys = seen.shape[3]!
  const all = g.concat([seen, g.expand(sink, seen.shape.with(3, 1))], 3)
  return g.slice(g.one('Softmax', [all], { axis: -1 }), 3, 0, keys)
}
