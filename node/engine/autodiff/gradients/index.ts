/** The gradient table: every operator that the walker can go through. Add an operator by adding its line to a family. */
import { ACTIVATION_GRADIENTS } from './activation.ts'
import { CONVOLUTION_GRADIENTS } from './convolution.ts'
import { EINSUM_GRADIENTS } from './einsum.ts'
import { ELEMENTWISE_GRADIENTS } from './elementwise.ts'
import { INDEXING_GRADIENTS } from './indexing.ts'
import { LAYOUT_GRADIENTS } from './layout.ts'
import { LOSS_GRADIENTS } from './loss.ts'
import { MATMUL_GRADIENTS } from './matmul.ts'
import { NORMALISATION_GRADIENTS } from './normalisation.ts'
import { POOLING_GRADIENTS } from './pooling.ts'
import { REDUCE_GRADIENTS } from './reduce.ts'
import { REGION_GRADIENTS } from './region.ts'
import { RESIZE_GRADIENTS } from './resize.ts'
import { SCATTER_GRADIENTS } from './scatter.ts'
import { SIGNAL_GRADIENTS } from './signal.ts'
import type { GradientRule, GradientRules } from './types.ts'

/** Piecewise constant: no gradient flows through these, which is not an error. */
const FLAT =
  'Shape Size ConstantOfShape EyeLike Bernoulli RandomNormalLike RandomUniformLike Sign Floor Ceil Round Hardmax ArgMax ArgMin Equal Less Greater LessOrEqual GreaterOrEqual Not And Or Xor IsNaN IsInf'

export const GRADIENTS: GradientRules = {
  ...ELEMENTWISE_GRADIENTS,
  ...ACTIVATION_GRADIENTS,
  ...MATMUL_GRADIENTS,
  ...EINSUM_GRADIENTS,
  ...REDUCE_GRADIENTS,
  ...LAYOUT_GRADIENTS,
  ...INDEXING_GRADIENTS,
  ...NORMALISATION_GRADIENTS,
  ...LOSS_GRADIENTS,
  ...CONVOLUTION_GRADIENTS,
  ...POOLING_GRADIENTS,
  ...REGION_GRADIENTS,
  ...RESIZE_GRADIENTS,
  ...SCATTER_GRADIENTS,
  ...SIGNAL_GRADIENTS,
  ...Object.fromEntries(FLAT.split(' ').map(name => [name, () => []])),
}

export function gradientRule(key: string): GradientRule | undefined {
  return Object.hasOwn(GRADIENTS, key) ? GRADIENTS[key] : undefined
}

export type { GradientContext, GradientRule, GradientRules } from './types.ts'
