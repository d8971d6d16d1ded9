/** Attention, which came with opset 23. */
import type { Node } from '../../onnx/index.ts'
import { floatAttribute, intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { attend } from './attend.ts'
import type { Band } from './attention-mask.ts'
import { mergeHeads, splitHeads } from './heads.ts'
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
  const withPast = (past: Value | null | undefined, given: Value) => {
    const own = isFlat ? splitHeads(g, given, intAttribute(node, 'kv_num_heads', 1)) : given
    return past ? g.concat([past, own], 2) : own
  }
  const [key, value] = [withPast(pastKey, k), withPast(pastValue, v)]
  const { mixed, products, weights } = attend(g, {
    query,
    key,
    value,
    scale: floatAttribute(node, 'scale', 0),
    softCap: floatAttribute(node, 'softcap', 0),
    mask: mask ?? null,
    padding: null,
    lengths: lengths ?? null,
    past: pastKey?.shape[2] ?? 0,
    band: bandOf(node),
  })
  return [isFlat ? mergeHeads(g, mixed) : mixed, key, value, mode === 3 ? weights : products]
}

/** `is_causal`, and the windows of opset 25, where -1 is none. */
function bandOf(node: Node): Band {
  const [left, right] = [intAttribute(node, 'left_window_size', -1), intAttribute(node, 'right_window_size', -1)]
  const low = right < 0 ? Number.NEGATIVE_INFINITY : -right
  return {
    low: intAttribute(node, 'is_causal', 0) === 1 ? Math.max(0, low) : low,
    high: left < 0 ? Number.POSITIVE_INFINITY : left,
  }
}
