/**
 * IPM, inner product manipulation: -epsilon times the mean of the honest, which turns the aggregate's inner product with the
 * true gradient negative (C. Xie, O. Koyejo and I. Gupta, "Fall of Empires: Breaking Byzantine-tolerant SGD by Inner Product
 * Manipulation", UAI 2019). Small epsilons hide from rules that look at distances; the mean needs one above (n - f) / f.
 */
import { agreed, type GradientAttack } from './types.ts'
import { meanOf, scaledBy, seen } from './vectors.ts'

export const innerProduct: GradientAttack = {
  name: 'inner-product',
  about: 'commits the mean of the honest gradients, reversed and short',
  source: 'Xie, Koyejo and Gupta, UAI 2019 (IPM)',
  parameters: { epsilon: 0.5 },
  forge: view => agreed(view, 'inner-product', () => scaledBy(meanOf(seen(view)), -view.parameters['epsilon']!)),
}
