/**
 * Coordinate-wise median: the middle value of each coordinate, the mean of the two middle ones for an even number
 * (D. Yin et al., ICML 2018, as for the trimmed mean).
 *
 * The trimmed mean at its most careful: it needs no estimate of f, but averages at most two values, so its noise does not
 * fall with n, and it is biased where gradients are skewed. For runs that expect many liars.
 */
import type { AggregationRule } from './types.ts'

export const median: AggregationRule = {
  name: 'median',
  summary: 'takes the middle value of every coordinate',
  minimumInputs: faults => 2 * faults + 1,
  trimCount: inputs => Math.floor((inputs - 1) / 2),
  keptCount: inputs => (inputs % 2 === 0 ? 2 : 1),
  breakdown: inputs => Math.floor((inputs - 1) / 2),
  scalars: () => null,
}
