/** Normalisations of ONNX Runtime that first add what they normalise. */
import { DataType, type Node } from '../../../onnx/index.ts'
import { floatAttribute } from '../../attributes.ts'
import type { Value } from '../../builder.ts'
import type { Operators } from '../../operators.ts'
import { refuse } from '../refusal.ts'
import type { Decomposition } from '../types.ts'
import { consecutive } from './rotary.ts'

/** ONNX Runtime's, of all three operators; the standard ones have 1e-5. */
const DEFAULT_EPSILON = 1e-12

/** com.microsoft.SkipLayerNormalization: outputs the normalised sum, its mean and inverse deviation, the sum. */
export const skipLayerNormalization: Decomposition = (g, node, [x, skip, scale, bias, added]) => {
  if (!x || !skip || !scale) return null
  const sum = summed(g, [x, skip, added])
  const [normal, mean, inverse] = normalised(g, node, 'LayerNormalization', bias ? [sum, scale, bias] : [sum, scale], 3)
  return [normal ?? null, mean ?? null, inverse ?? null, sum]
}

/** com.microsoft.SkipSimplifiedLayerNormalization: the same by the root of the mean square, so there is no mean. */
export const skipRootMeanSquare: Decomposition = (g, node, [x, skip, scale, added]) => {
  refuse(node, { 'the output mean': Boolean(node.outputs[1]) })
  if (!x || !skip || !scale) return null
  const sum = summed(g, [x, skip, added])
  const [normal, inverse] = normalised(g, node, 'SimplifiedLayerNormalization', [sum, scale], 2)
  return [normal ?? null, null, inverse ?? null, sum]
}

/**
 * com.microsoft.EmbedLayerNormalization: inputs words, segments, their tables with that of positions in between, scale, bias,
 * a mask and positions (0, 1, .. unless given). Outputs the normalised sum, how many of each sequence the mask shows, the sum.
 */
export const embedLayerNormalization: Decomposition = (g, node, inputs) => {
  const [words, segments, wordTable, placeTable, segmentTable, scale, bias, mask, places] = inputs
  if (!words || !wordTable || !placeTable || !scale || !bias) return null
  const [batch, tokens] = words.shape as [number, number]
  const rows = (table: Value, indices: Value) => g.one('Gather', [table, indices], { axis: 0 })
  const sum = summed(g, [
    rows(wordTable, words),
    places ? rows(placeTable, places) : consecutive(g, placeTable, null, tokens),
    segments && segmentTable ? rows(segmentTable, segments) : null,
  ])
  const [normal] = normalised(g, node, 'LayerNormalization', [sum, scale, bias], 1)
  const shown = mask ? g.cast(g.one('Equal', [mask, g.scalar(1, mask.type)]), DataType.int32) : null
  const lengths = shown ? g.reduceSum(shown, [1], false) : g.zeros(DataType.int32, [batch])
  return [normal ?? null, lengths, sum]
}

function summed(g: Operators, terms: readonly (Value | null | undefined)[]): Value {
  return terms.filter(term => term !== null && term !== undefined).reduce((sum, term) => g.add(sum, term))
}

/** @param outputs of the operator, with its statistics; they are left out where the node's are */
function normalised(
  g: Operators,
  node: Node,
  opType: string,
  inputs: readonly Value[],
  outputs: number,
): readonly Value[] {
  const attributes = { axis: -1, epsilon: { float: floatAttribute(node, 'epsilon', DEFAULT_EPSILON) } }
  const isAsked = Boolean(node.outputs[1] || node.outputs[2])
  return g.apply(opType, inputs, attributes, { outputs: isAsked ? outputs : 1 })
}
