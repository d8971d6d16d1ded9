/** GroupQueryAttention of ONNX Runtime, as decoders are exported for it: positions, a window and a cache are its own. */
import type { Node } from '../../../onnx/index.ts'
import { floatAttribute, intAttribute, textAttribute } from '../../attributes.ts'
import type { Value } from '../../builder.ts'
import type { Operators } from '../../operators.ts'
import { attend } from '../attend.ts'
import { mergeHeads, splitHeads } from '../heads.ts'
import { refuse } from '../refusal.ts'
import { rotate } from '../rotary.ts'
import type { Decomposition } from '../types.ts'
import { consecutive } from './rotary.ts'

/**
 * com.microsoft.GroupQueryAttention of a first run, whose cache is left out or empty. Padding is behind the tokens (`seqlens_k`
 * is the last of them): where a query sees the keys up to its own, only padding sees it. What is computed for padding means
 * nothing, here as there. Outputs: the mixed values, keys, values, weights (`qk_output` 2).
 */
export const groupQueryAttention: Decomposition = (g, node, inputs) => {
  const [q, k, v, , , lasts] = inputs
  if (!q || !lasts) return null
  refuse(node, uncovered(g, node, inputs))
  const [heads, groups] = [intAttribute(node, 'num_heads', 1), intAttribute(node, 'kv_num_heads', 1)]
  const width = q.shape[2]! / (k ? heads : heads + 2 * groups)
  const flat = k && v ? [q, k, v] : g.split(q, 2, [heads * width, groups * width, groups * width])
  const [query, key, value] = flat.map((part, index) => splitHeads(g, part, index === 0 ? heads : groups)) as [
    Value,
    Value,
    Value,
  ]
  const turn = rotation(g, node, inputs, query.shape[2]!)
  const keys = turn(key)
  const window = intAttribute(node, 'local_window_size', -1)
  const isCausal = intAttribute(node, 'causal', 1) === 1
  const { mixed, weights } = attend(g, {
    query: turn(query),
    key: keys,
    value,
    scale: floatAttribute(node, 'scale', 0),
    softCap: floatAttribute(node, 'softcap', 0),
    mask: inputs[10] ?? null,
    padding: null,
    lengths: isCausal ? null : g.add(lasts, g.scalar(1, lasts.type)),
    past: 0,
    band: {
      low: isCausal ? 0 : Number.NEGATIVE_INFINITY,
      high: window > 0 ? window - 1 : Number.POSITIVE_INFINITY,
    },
    sink: sinkOf(g, node, inputs[11], query),
  })
  return [mergeHeads(g, mixed), keys, value, weights]
}

function uncovered(g: Operators, node: Node, inputs: readonly (Value | null)[]): Record<string, boolean> {
  const isSet = (name: string) => intAttribute(node, name, 0) !== 0
  const total = inputs[6] ? g.numbers(inputs[6]) : null
  return {
    'a cache that is not empty': [3, 4].some(index => (inputs[index]?.shape[2] ?? 0) > 0),
    'keys of before': total !== null && total[0] !== inputs[0]!.shape[1],
    'a quantised cache':
      isSet('kv_cache_bit_width') ||
      ['k_quant_type', 'v_quant_type'].some(name => textAttribute(node, name, 'NONE') !== 'NONE'),
    sliding_window_cache: isSet('sliding_window_cache'),
    'local_window_size = 0': intAttribute(node, 'local_window_size', -1) === 0,
    'q_norm_weight and k_norm_weight': Boolean(inputs[14] || inputs[15]),
    'the output output_qk from before the softmax':
      Boolean(node.outputs[3]) && intAttribute(node, 'qk_output', 0) !== 2,
    'do_rotary without cos_cache and sin_cache': isSet('do_rotary') && !(inputs[7] && inputs[8]),
  }
}

/** Turns queries and keys by their places, which follow on the first of `position_ids`: others of a first run are not read. */
function rotation(g: Operators, node: Node, inputs: readonly (Value | null)[], tokens: number): (x: Value) => Value {
  const [cosines, sines, positions] = inputs.slice(7)
  if (intAttribute(node, 'do_rotary', 0) !== 1 || !cosines || !sines) return x => x
  const first = positions ? g.slice(g.reshape(positions, [positions.shape[0]! * tokens]), 0, 0, 1) : null
  const rows = (table: Value) => consecutive(g, table, first, tokens)
  const isInterleaved = intAttribute(node, 'rotary_interleaved', 0) === 1
  const turned = { cosines: rows(cosines), sines: rows(sines), half: cosines.shape[1]!, isInterleaved }
  return x => rotate(g, x, turned)
}

/** One score a head; `smooth_softmax` is one of 0. */
function sinkOf(g: Operators, node: Node, sink: Value | null | undefined, query: Value): Value | null {
  if (sink) return g.reshape(sink, [1, query.shape[1]!, 1, 1])
  return intAttribute(node, 'smooth_softmax', 0) === 1 ? g.scalar(0, query.type) : null
}
