/**
 * Fall of Empires, adaptive: (1 - nu) times the mean of the honest, with the nu that drives the run's rule furthest from that
 * mean (C. Xie, O. Koyejo and I. Gupta, UAI 2019; line search over nu as in Y. Allouah et al., "Fixing by Mixing: A Recipe for
 * Optimal Byzantine ML under Heterogeneity", AISTATS 2023). Where the rule cannot be tried, nu is the start value.
 */
import { agreed, type GradientAttack, type GradientView } from './types.ts'
import { meanOf, norm, plus, scaledBy, seen } from './vectors.ts'

export const fallOfEmpires: GradientAttack = {
  name: 'fall-of-empires',
  about: 'commits the multiple of the honest mean that moves the aggregate most, found by trying the rule',
  source: 'Xie, Koyejo and Gupta, UAI 2019; Allouah et al., AISTATS 2023',
  parameters: { nu: 1.1, largestNu: 16 },
  forge: view =>
    agreed(view, 'fall-of-empires', () => {
      const mean = meanOf(seen(view))
      const { nu, largestNu } = view.parameters
      return scaledBy(mean, 1 - (view.combine === null ? nu! : worst(view, mean, largestNu!)))
    }),
}

/** A lie of less than this share of the mean hurts nobody. */
const SMALLEST_NU = 0.2

/** Half powers of two below the largest: the harm is flat around its maximum. */
function worst({ combine, ...view }: GradientView, mean: Float32Array, largest: number): number {
  let found = { nu: 0, harm: 0 }
  for (let nu = largest; nu > SMALLEST_NU; nu /= Math.SQRT2) {
    const lies = new Array<Float32Array>(view.liars).fill(scaledBy(mean, 1 - nu))
    const harm = norm(plus(combine!([...lies, ...seen(view)]), -1, mean))
    // Not a number where a lie was so large that the rule's sums overflowed: such a commit would be refused.
    if (harm > found.harm) found = { nu, harm }
  }
  return found.nu
}
