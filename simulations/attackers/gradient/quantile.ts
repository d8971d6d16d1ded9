/** Quantile of the standard normal distribution (P. J. Acklam's rational approximation, relative error below 1.2e-9). */

const CENTRAL = {
  numerator: [
    -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
    2.506628277459239,
  ],
  denominator: [
    -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1,
  ],
}
const TAIL = {
  numerator: [
    -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  denominator: [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1],
}
const TAIL_BELOW = 0.02425

/** @param probability in [0, 1]; at the ends the result is infinite */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) throw new RangeError(`${probability} is no probability`)
  if (probability > 0.5) return -normalQuantile(1 - probability)
  if (probability === 0) return Number.NEGATIVE_INFINITY
  if (probability < TAIL_BELOW) return ratio(TAIL, Math.sqrt(-2 * Math.log(probability)))
  const centred = probability - 0.5
  return centred * ratio(CENTRAL, centred * centred)
}

function ratio({ numerator, denominator }: typeof CENTRAL, at: number): number {
  return polynomial(numerator, at) / polynomial(denominator, at)
}

function polynomial(coefficients: readonly number[], at: number): number {
  return coefficients.reduce((value, coefficient) => value * at + coefficient, 0)
}
