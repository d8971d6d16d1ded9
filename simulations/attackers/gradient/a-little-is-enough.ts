/**
 * ALIE: the mean of the honest, moved by a little of their own spread in every coordinate, so that the lie is nowhere an
 * outlier, and some honest gradients look worse (M. Baruch, G. Baruch and Y. Goldberg, "A Little Is Enough: Circumventing
 * Defenses For Distributed Learning", NeurIPS 2019). Without worker momentum the honest spread is mostly noise,
 * and there is much to hide in.
 */
import { normalQuantile } from './quantile.ts'
import { agreed, type GradientAttack, type GradientView } from './types.ts'
import { deviationOf, meanOf, plus, seen } from './vectors.ts'

export const aLittleIsEnough: GradientAttack = {
  name: 'a-little-is-enough',
  about: 'commits the mean of the honest gradients less z standard deviations (z = 0: as the paper computes it)',
  source: 'Baruch, Baruch and Goldberg, NeurIPS 2019 (ALIE)',
  // The paper's z is at or below 0 in groups of four: its lie would do nothing there.
  parameters: { z: 1.5 },
  forge: view => agreed(view, 'a-little-is-enough', () => hidden(view)),
}

function hidden(view: GradientView): Float32Array {
  const vectors = seen(view)
  const z = view.parameters['z'] === 0 ? largestHidden(view) : view.parameters['z']!
  return plus(meanOf(vectors), -z, deviationOf(vectors))
}

/**
 * The paper's z_max: as far as a lie may go while s honest seats, enough for a majority with the liars, are expected beyond it.
 * Negative, so of no use, in the smallest groups.
 */
export function largestHidden({ seats, liars }: { readonly seats: number; readonly liars: number }): number {
  const honest = seats - liars
  const supporters = Math.floor(seats / 2 + 1) - liars
  return normalQuantile((honest - supporters) / honest)
}
