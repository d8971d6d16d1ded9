/** Attention and MultiHeadAttention of ONNX Runtime, whose weights or biases of the projections are inputs. */
import type { Node } from '../../../onnx/index.ts'
import { floatAttribute, intAttribute, intsAttribute } from '../../attributes.ts'
import type { Value } from '../../builder.ts'
import type { Operators } from '../../operators.ts'
import { type Attended, attend } from '../attend.ts'
import { mergeHeads, splitHeads } from '../heads.ts'
import { refuse } from '../refusal.ts'
import type { Decomposition } from '../types.ts'
import { paddingTerm } from './padding.ts'

/**
 * com.microsoft.Attention: inputs x, weights and biases of queries, keys and values in one, padding, keys and values of before
 * in one, and what is added to the scores. Outputs: the mixed values, all keys and values in one.
 */
export const fusedAttention: Decomposition = (g, node, [x, weights, bias, mask, past, scoreBias]) => {
  refuse(node, {
    do_rotary: intAttribute(node, 'do_rotary', 0) === 1,
    past_present_share_buffer: intAttribute(node, 'past_present_share_buffer', 0) === 1,
  })
  if (!x || !weights) return null
  const third = weights.shape[1]! / 3
  const sizes = intsAttribute(node, 'qkv_hidden_sizes') ?? [third, third, third]
  const product = g.one('MatMul', [x, weights])
  const parts = g.split(bias ? g.add(product, bias) : product, 2, sizes)
  const [query, key, value] = parts.map(part => splitHeads(g, part, headsOf(node))) as [Value, Value, Value]
  const [pastKey, pastValue] = past ? apart(g, past, 0) : []
  const given = { query, key: after(g, pastKey, key), value: after(g, pastValue, value) }
  // Dummies stand for no padding, whatever their numbers are.
  const isDummy = mask?.shape.length === 2 && mask.shape[1] === 1 && given.key.shape[2] !== 1
  const inputs = { ...given, mask: isDummy ? null : mask, scoreBias, past: pastKey?.shape[2] ?? 0 }
  const { mixed } = attendPadded(g, node, inputs)
  const together = () => {
    const pair = [given.key, given.value].map(value => g.reshape(value, [1, ...value.shape]))
    return g.concat(pair, 0)
  }
  return [mergeHeads(g, mixed), node.outputs[1] ? together() : null]
}

/**
 * com.microsoft.MultiHeadAttention: inputs query, key and value in one of four layouts, biases of the projections in one,
 * padding, what is added to the scores, keys and values of before. Outputs: the mixed values, all keys, all values, scores.
 */
export const multiHeadAttention: Decomposition = (g, node, inputs) => {
  const [q, k, v, bias, mask, scoreBias, pastKey, pastValue] = inputs
  const isCausal = intAttribute(node, 'unidirectional', 0) === 1
  refuse(node, {
    'past_sequence_length (a shared buffer)': Boolean(inputs[8]),
    cache_indirection: Boolean(inputs[9]),
    'the output qk of causal attention': isCausal && Boolean(node.outputs[3]),
  })
  const flat = q ? unpacked(g, q, k, v) : null
  if (flat === null) return null
  const sizes = flat.map(({ shape }) => (shape.length === 3 ? shape[2]! : shape[1]! * shape[3]!))
  const biases = bias ? g.split(bias, 0, sizes) : []
  const [query, key, value] = flat.map((part, index) => {
    // Keys and values that come as heads are those of another run, with their biases in them.
    if (part.shape.length === 4) return part
    return splitHeads(g, biases[index] ? g.add(part, biases[index]) : part, headsOf(node))
  }) as [Value, Value, Value]
  // ONNX Runtime's CPU kernel hides later keys from every query but the last: no offset of the diagonal does the same.
  refuse(node, { 'causal attention over more keys than queries': isCausal && key.shape[2]! > query.shape[2]! })
  const given = { query, key: after(g, pastKey, key), value: after(g, pastValue, value) }
  const { mixed, products, masking } = attendPadded(g, node, {
    ...given,
    mask,
    scoreBias,
    past: pastKey?.shape[2] ?? 0,
  })
  const scores = masking ? g.add(products, masking.term) : products
  return [mergeHeads(g, mixed), given.key, given.value, node.outputs[3] ? scores : null]
}

/** Query, key and value as [batch, tokens, width] from [batch, tokens, heads, 2 or 3, width of a head]; others as they are. */
function unpacked(
  g: Operators,
  q: Value,
  k: Value | null | undefined,
  v: Value | null | undefined,
): readonly Value[] | null {
  if (q.shape.length === 5) return apart(g, q, 3).map(part => flattened(g, part))
  if (k?.shape.length === 5) return [q, ...apart(g, k, 3).map(part => flattened(g, part))]
  return k && v ? [q, k, v] : null
}

function flattened(g: Operators, x: Value): Value {
  const [batch, tokens, heads, width] = x.shape as [number, number, number, number]
  return g.reshape(x, [batch, tokens, heads * width])
}

/** The entries of an axis, without it. */
function apart(g: Operators, x: Value, axis: number): Value[] {
  const sizes = new Array<number>(x.shape[axis]!).fill(1)
  return g.split(x, axis, sizes).map(part => g.reshape(part, x.shape.toSpliced(axis, 1)))
}

function after(g: Operators, past: Value | null | undefined, own: Value): Value {
  return past ? g.concat([past, own], 2) : own
}

function headsOf(node: Node): number {
  return intAttribute(node, 'num_heads', 1)
}

interface PaddedInputs {
  readonly query: Value
  readonly key: Value
  readonly value: Value
  readonly past: number
  readonly mask: Value | null | undefined
  readonly scoreBias: Value | null | undefined
}

function attendPadded(g: Operators, node: Node, { mask, scoreBias, ...given }: PaddedInputs): Attended {
  const { query, key } = given
  const scored = { batch: query.shape[0]!, queries: query.shape[2]!, keys: key.shape[2]!, type: query.type }
  const isCausal = intAttribute(node, 'unidirectional', 0) === 1
  return attend(g, {
    ...given,
    scale: floatAttribute(node, 'scale', 0),
    softCap: 0,
    mask: scoreBias ?? null,
    padding: mask ? paddingTerm(g, node, mask, scored) : null,
    lengths: null,
    band: { low: isCausal ? 0 : Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
  })
}
