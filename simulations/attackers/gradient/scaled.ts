/**
 * Scaled: the own gradient, right in direction and far too long, so that one participant replaces all others (E. Bagdasaryan
 * et al., "How To Backdoor Federated Learning", AISTATS 2020, model replacement).
 */
import type { GradientAttack } from './types.ts'
import { scaledBy } from './vectors.ts'

export const scaled: GradientAttack = {
  name: 'scaled',
  about: 'commits its gradient a thousand times as long',
  source: 'Bagdasaryan et al., AISTATS 2020',
  parameters: { factor: 1e3 },
  forge: ({ own, parameters }) => scaledBy(own, parameters['factor']!),
}
