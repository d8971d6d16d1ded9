/**
 * Composite operators, written out in the operators they are defined by (their function bodies in the ONNX specification).
 * Differentiation then needs no rules for them.
 */
import { makeNode, type Node } from '../../onnx/index.ts'
import type { Operators } from '../operators.ts'
import { operatorKey } from '../shapes/index.ts'
import { attention } from './attention.ts'
import { diagonals } from './diagonal.ts'
import { castLike, swish } from './elementwise.ts'
import { FUSED_DECOMPOSITIONS } from './fused/index.ts'
import { affineGrid, gridSample } from './grid-sample.ts'
import { depthToSpace, spaceToDepth } from './layout.ts'
import {
  batchNormalization,
  groupNormalization,
  localResponseNormalization,
  lpNormalization,
  meanVarianceNormalization,
} from './normalisation.ts'
import { globalLpPool, lpPool } from './pooling.ts'
import { gatedRecurrentUnit, longShortTermMemory, plainRecurrence } from './recurrent.ts'
import { rotaryEmbedding } from './rotary.ts'
import { shortTimeFourier } from './signal.ts'
import type { Decomposition } from './types.ts'

const DECOMPOSITIONS: Readonly<Record<string, Decomposition>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding,
  BatchNormalization: batchNormalization,
  GroupNormalization: groupNormalization,
  LRN: localResponseNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  GridSample: gridSample,
  AffineGrid: affineGrid,
  LpPool: lpPool,
  GlobalLpPool: globalLpPool,
  STFT: shortTimeFourier,
  LSTM: longShortTermMemory,
  GRU: gatedRecurrentUnit,
  RNN: plainRecurrence,
  Einsum: diagonals,
  Swish: swish,
  CastLike: castLike,
  ...FUSED_DECOMPOSITIONS,
}

/** True for an operator that is written out, but for the parts of it that are not covered. */
export function isComposite(node: Node): boolean {
  return Object.hasOwn(DECOMPOSITIONS, operatorKey(node))
}

/** True where the node was written out, under the names of its own outputs. */
export function decomposeNode(g: Operators, node: Node): boolean {
  const decompose = isComposite(node) ? DECOMPOSITIONS[operatorKey(node)] : undefined
  if (decompose === undefined) return false
  const inputs = node.inputs.map(name => (name === '' ? null : (g.find(name) ?? null)))
  if (node.inputs.some((name, index) => name !== '' && !inputs[index])) return false
  const results = decompose(g, node, inputs)
  if (results === null || node.outputs.some((name, index) => name !== '' && !results[index])) return false
  for (const [index, name] of node.outputs.entries()) {
    const result = results[index]
    if (name !== '' && result)
      g.append(makeNode('Identity', [result.name], [name], {}, { name: `${g.prefix}copy.${name}` }))
  }
  return true
}
