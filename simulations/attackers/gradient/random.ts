/**
 * Random: Gaussian noise (P. Blanchard et al., "Machine Learning with Adversaries: Byzantine Tolerant Gradient Descent",
 * NeurIPS 2017: a deviation far above the gradient's, 200 there). Relative to the own gradient, so that it means
 * the same for every model; each liar draws its own.
 */
import type { GradientAttack } from './types.ts'
import { normal, rootMeanSquare } from './vectors.ts'

export const random: GradientAttack = {
  name: 'random',
  about: 'commits Gaussian noise, a hundred times as large as its gradient',
  source: 'Blanchard et al., NeurIPS 2017',
  parameters: { factor: 100 },
  forge: ({ own, parameters, random: uniform }) => {
    const deviation = parameters['factor']! * rootMeanSquare(own)
    return own.map(() => deviation * normal(uniform))
  },
}
