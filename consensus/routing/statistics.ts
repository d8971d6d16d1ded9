/**
 * Is a boundary tensor like those that siblings receive? (round.md, "Work: lanes"; README.md, "Statistics".) A robust z-score
 * (median and MAD: Hampel's identifier) against one value of each sibling, so a minority of them moves nothing. Not against
 * what the same sender sent before: in its lane a liar is the only sender, and would teach the bound that judges it.
 */

import { CHANNEL_FOLDS, type TensorStatistics } from '../../protocols/wire/tensor-statistics.ts'
import { lowerMedian } from './median.ts'

export type Statistic = 'log-rms' | 'mean' | 'negative-share' | 'along'

export type Direction = 'forward' | 'backward'

/** Farthest from the median of each; null: not compared. */
type Tolerances = Readonly<Record<Statistic, number | null>>

/** What was outside, by how much. */
export interface Finding {
  readonly statistic: Statistic
  readonly value: number
  /** Of the siblings' values, and their median absolute deviation. */
  readonly median: number
  readonly deviation: number
  /** Farthest from the median that was allowed. */
  readonly allowed: number
  /** Siblings compared with. */
  readonly references: number
}

/** Siblings below which there is no verdict: of two nobody knows which one lies. */
export const LEAST_REFERENCES = 3

/** Deviations at which a value is outside. Hampel's usual 3 would refuse honest tensors: the MAD of three siblings is often tiny. */
export const DEVIATIONS = 6

/** MAD to standard deviation, for normal values. */
const MAD_TO_SIGMA = 1.4826

/**
 * Least that is allowed, whatever the deviation; null: not compared. Each is above all that honest tensors showed, also those of
 * a model with 64 tokens a micro-batch, whose siblings differ most (README.md, "Statistics").
 */
export const TOLERANCES: Readonly<Record<Direction, Tolerances>> = {
  forward: {
    // A factor of 8.
    'log-rms': Math.log(8),
    mean: 0.5,
    'negative-share': 0.3,
    // Against the siblings' direction by 0.3 of its length: flipped signs. Noise is at 0, but so are honest tensors of few tokens.
    along: 1.3,
  },
  backward: {
    // A factor of 50: some micro-batches have a gradient nine times as long as others, and clipping bounds what is taken.
    'log-rms': Math.log(50),
    mean: 0.5,
    'negative-share': 0.3,
    // From one round to the next the common direction of gradients turns round: cosines of -0.99 to 0.9.
    along: null,
  },
}

/** Median cosine of the siblings' directions to their common one from which on there is one: of three random ones it is 0.6. */
export const LEAST_AGREEMENT = 0.9

/**
 * The first statistic that is outside, or null: none is, or too few siblings are known.
 * @param references - one of each sibling
 */
export function findOutside(
  statistics: TensorStatistics,
  references: readonly TensorStatistics[],
  direction: Direction,
): Finding | null {
  if (references.length < LEAST_REFERENCES) return null
  const tolerances = TOLERANCES[direction]
  const compared: readonly (Finding | null)[] = [
    compare('log-rms', statistics.logRms, valuesOf(references, 'logRms'), tolerances),
    compare('mean', statistics.mean, valuesOf(references, 'mean'), tolerances),
    compare('negative-share', statistics.negativeShare, valuesOf(references, 'negativeShare'), tolerances),
    compareAlong(statistics, references, tolerances),
  ]
  return compared.find(finding => finding !== null) ?? null
}

/** Of each number by itself; none without statistics. */
export function medianOf(all: readonly TensorStatistics[]): TensorStatistics | null {
  if (all.length === 0) return null
  return {
    logRms: lowerMedian(valuesOf(all, 'logRms')),
    mean: lowerMedian(valuesOf(all, 'mean')),
    negativeShare: lowerMedian(valuesOf(all, 'negativeShare')),
    channels: medianChannels(all),
  }
}

function compare(
  statistic: Statistic,
  value: number,
  values: readonly number[],
  tolerances: Tolerances,
): Finding | null {
  const least = tolerances[statistic]
  if (least === null) return null
  const median = lowerMedian(values)
  const deviation = lowerMedian(values.map(one => Math.abs(one - median)))
  const allowed = Math.max(least, DEVIATIONS * MAD_TO_SIGMA * deviation)
  // More along the common direction than siblings is no lie that this could tell from learning.
  const distance = statistic === 'along' ? median - value : Math.abs(value - median)
  return distance > allowed ? { statistic, value, median, deviation, allowed, references: values.length } : null
}

/** How far the tensor goes along the siblings' median direction, which has length 1. */
function compareAlong(
  { channels }: TensorStatistics,
  references: readonly TensorStatistics[],
  tolerances: Tolerances,
): Finding | null {
  const common = medianChannels(references)
  const square = dot(common, common)
  const cosines = references.map(({ channels: other }) => dot(other, common) / Math.sqrt(square * dot(other, other)))
  // Written so that a direction of zeros, whose cosines are no numbers, fails as well.
  if (!(lowerMedian(cosines) >= LEAST_AGREEMENT)) return null
  return compare(
    'along',
    dot(channels, common) / square,
    references.map(({ channels: other }) => dot(other, common) / square),
    tolerances,
  )
}

function medianChannels(all: readonly TensorStatistics[]): readonly number[] {
  return Array.from({ length: CHANNEL_FOLDS }, (_, fold) => lowerMedian(all.map(({ channels }) => channels[fold] ?? 0)))
}

function valuesOf(all: readonly TensorStatistics[], name: 'logRms' | 'mean' | 'negativeShare'): readonly number[] {
  return all.map(statistics => statistics[name])
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let index = 0; index < CHANNEL_FOLDS; index++) sum += (a[index] ?? 0) * (b[index] ?? 0)
  return sum
}
