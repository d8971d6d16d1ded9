/**
 * Slow poisoning: inside the honest spread in every single round, but always to the same side, and a little more each round (S. P.
 * Karimireddy, L. He and M. Jaggi, "Learning from History for Byzantine Robust Optimization", ICML 2021: attacks coupled
 * over time beat every rule that looks at one round, and worker momentum is the answer). The side is drawn once, a sign a
 * coordinate.
 */
import { agreed, type GradientAttack, type GradientView } from './types.ts'
import { deviationOf, meanOf, seen } from './vectors.ts'

export const slowPoisoning: GradientAttack = {
  name: 'slow-poisoning',
  about:
    'commits the mean of the honest gradients plus a bias of up to z standard deviations that grows and never turns',
  source: 'Karimireddy, He and Jaggi, ICML 2021',
  parameters: { z: 1, growRounds: 20 },
  forge: view => agreed(view, 'slow-poisoning', () => biased(view)),
}

function biased(view: GradientView): Float32Array {
  const { z, growRounds } = view.parameters
  const vectors = seen(view)
  const deviation = deviationOf(vectors)
  const side = sideOf(view)
  const reach = z! * Math.min(1, view.round / growRounds!)
  return meanOf(vectors).map((value, at) => value + reach * side[at]! * deviation[at]!)
}

function sideOf({ own, memory: { vectors }, random }: GradientView): Float32Array {
  const side = vectors.get('slow-poisoning') ?? own.map(() => (random() < 0.5 ? -1 : 1))
  vectors.set('slow-poisoning', side)
  return side
}
