/** Operators of ONNX Runtime's own domain, as its optimiser writes them (docs/ContribOperators.md), in those of the standard. */
import { MICROSOFT_DOMAIN } from '../../../onnx/index.ts'
import type { Decomposition } from '../types.ts'
import { fusedConvolution, fusedGemm } from './activated.ts'
import { fusedAttention, multiHeadAttention } from './attention.ts'
import { groupQueryAttention } from './grouped-attention.ts'
import { embedLayerNormalization, skipLayerNormalization, skipRootMeanSquare } from './normalisation.ts'
import { fusedProduct } from './product.ts'
import { fusedRotaryEmbedding } from './rotary.ts'

const FUSED: Readonly<Record<string, Decomposition>> = {
  SkipLayerNormalization: skipLayerNormalization,
  SkipSimplifiedLayerNormalization: skipRootMeanSquare,
  EmbedLayerNormalization: embedLayerNormalization,
  RotaryEmbedding: fusedRotaryEmbedding,
  Attention: fusedAttention,
  MultiHeadAttention: multiHeadAttention,
  GroupQueryAttention: groupQueryAttention,
  FusedMatMul: fusedProduct,
  FusedGemm: fusedGemm,
  FusedConv: fusedConvolution,
}

export const FUSED_DECOMPOSITIONS: Readonly<Record<string, Decomposition>> = Object.fromEntries(
  Object.entries(FUSED).map(([opType, decompose]) => [`${MICROSOFT_DOMAIN}.${opType}`, decompose]),
)
