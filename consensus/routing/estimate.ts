/**
 * How long something takes, learnt from what it took: a smoothed value and a smoothed deviation, as RFC 6298 has them for
 * TCP's retransmission timer. No clock here: durations are handed in. Milliseconds throughout.
 */

export interface Estimate {
  /** Null before the first measurement. */
  readonly smoothedMs: number | null
  readonly deviationMs: number
  /** Deadlines missed since the last measurement. */
  readonly misses: number
}

/** What one kind of duration may be taken for. */
export interface EstimateBounds {
  /** The deadline before anything was measured. */
  readonly baseMs: number
  readonly leastMs: number
  /** Also the most that a measurement counts for. */
  readonly mostMs: number
  /** Least deviation, as a share of the smoothed value: durations that were all equal so far may differ tomorrow. */
  readonly spread: number
  /** Factor of every miss. */
  readonly backOff: number
}

export const NO_ESTIMATE: Estimate = { smoothedMs: null, deviationMs: 0, misses: 0 }

/** Gains and factor of RFC 6298, section 2. */
const SMOOTHED_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4
const DEVIATIONS = 4

/** The deviation shrinks slower than it grows: a round begins with a burst, which its calm middle must not make forgotten. */
const SHRINKING_GAIN = DEVIATION_GAIN / 8

/** Misses that are counted: 1.5^16 is beyond any bound. */
const MISSES_MOST = 16

/** Takes a measurement in, cut to the bounds, and forgets the misses before it. */
export function observe(estimate: Estimate, durationMs: number, { mostMs }: EstimateBounds): Estimate {
  if (Number.isNaN(durationMs)) throw new RangeError('a duration that is not a number')
  const sample = Math.min(Math.max(durationMs, 0), mostMs)
  const { smoothedMs, deviationMs } = estimate
  if (smoothedMs === null) return { smoothedMs: sample, deviationMs: sample / 2, misses: 0 }
  const error = sample - smoothedMs
  const gain = Math.abs(error) > deviationMs ? DEVIATION_GAIN : SHRINKING_GAIN
  return {
    smoothedMs: smoothedMs + SMOOTHED_GAIN * error,
    deviationMs: deviationMs + gain * (Math.abs(error) - deviationMs),
    misses: 0,
  }
}

/** A deadline passed: the next one is longer, until something is measured again. */
export function miss(estimate: Estimate): Estimate {
  return { ...estimate, misses: Math.min(estimate.misses + 1, MISSES_MOST) }
}

/** Smoothed value and four deviations, grown by the misses, within the bounds. */
export function deadlineMs(estimate: Estimate, bounds: EstimateBounds): number {
  const { baseMs, leastMs, mostMs, backOff } = bounds
  const expected = usualMs(estimate, DEVIATIONS, bounds) ?? baseMs
  return Math.min(Math.max(expected * backOff ** estimate.misses, leastMs), mostMs)
}

/** The smoothed value and so many deviations; null before the first measurement. */
export function usualMs(
  { smoothedMs, deviationMs }: Estimate,
  deviations: number,
  { spread }: Pick<EstimateBounds, 'spread'>,
): number | null {
  return smoothedMs === null ? null : smoothedMs + deviations * Math.max(deviationMs, spread * smoothedMs)
}
