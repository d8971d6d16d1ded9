/**
 * Sign flip: the own gradient, reversed and enlarged (L. Li et al., "RSA: Byzantine-Robust Stochastic Aggregation Methods for
 * Distributed Learning from Heterogeneous Datasets", AAAI 2019: factor -4). At a factor of -1 the mean of four is only
 * halved, which Adam hides; at -10 it points backwards.
 */
import type { GradientAttack } from './types.ts'
import { scaledBy } from './vectors.ts'

export const signFlip: GradientAttack = {
  name: 'sign-flip',
  about: 'commits its gradient reversed and ten times as long',
  source: 'Li et al., AAAI 2019 (RSA)',
  parameters: { factor: -10 },
  forge: ({ own, parameters }) => scaledBy(own, parameters['factor']!),
}
