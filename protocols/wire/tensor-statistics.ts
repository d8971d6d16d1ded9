/** A boundary tensor in a few numbers, and what siblings tell each other of theirs (`consensus/routing`, "Statistics"). */
import { arrayOf, number, object, type Rule } from './fields.ts'

/** What one pass over a tensor says of it. All finite. */
export interface TensorStatistics {
  /** ln of the root mean square; {@link LOG_RMS_OF_ZEROS} where all values are zero. */
  readonly logRms: number
  /** Mean, as a share of the root mean square: -1 to 1. */
  readonly mean: number
  /** Share of the values below zero, with zeros that have a sign: 0 to 1. */
  readonly negativeShare: number
  /** Means of every {@link CHANNEL_FOLDS}th channel, from the first, the second ..., as shares of the root mean square. */
  readonly channels: readonly number[]
}

/** What a replica took in a round, by direction: the median of senders' medians; null where it took none. */
export interface StatisticsReport {
  readonly round: number
  readonly forward: TensorStatistics | null
  readonly backward: TensorStatistics | null
}

/** Numbers that stand for a tensor's direction, however wide it is: 16 tell two directions apart, and fit in a note. */
export const CHANNEL_FOLDS = 16

/** ln 2^-149, the least single: what a tensor of zeros counts as. */
export const LOG_RMS_OF_ZEROS = -149 * Math.LN2

/** ln 2^128: above every single. */
const LOG_RMS_MOST = 128 * Math.LN2

/** A sixteenth of the values may have all of the square: their mean is at most the root of 16 (Cauchy, Schwarz), or a little more of the last channels. */
const CHANNEL_MEAN_MOST = 2 * Math.sqrt(CHANNEL_FOLDS)

export const tensorStatistics: Rule = object<TensorStatistics>({
  logRms: number(LOG_RMS_OF_ZEROS, LOG_RMS_MOST),
  mean: number(-1, 1),
  negativeShare: number(0, 1),
  channels: arrayOf(number(-CHANNEL_MEAN_MOST, CHANNEL_MEAN_MOST), CHANNEL_FOLDS, CHANNEL_FOLDS),
})
