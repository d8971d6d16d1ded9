/** Size, sign and direction of a boundary tensor, in one pass: what is compared with siblings' (consensus/routing). */
import type { Encoding } from '../../protocols/wire/messages.ts'
import { CHANNEL_FOLDS, LOG_RMS_OF_ZEROS, type TensorStatistics } from '../../protocols/wire/tensor-statistics.ts'
import { floatsOf, freeCopy } from './tensors.ts'

/** @param width - channels: values of one position, the last dimension of the tensor */
export function statisticsOf(bytes: Uint8Array, encoding: Encoding, width: number): TensorStatistics {
  const values = floatsOf(bytes, encoding)
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const channelSums = new Float64Array(width)
  let squares = 0
  let negative = 0
  for (let row = 0; row < values.length; row += width) {
    for (let channel = 0; channel < width; channel++) {
      const value = values[row + channel]!
      squares += value * value
      // The sign's bit: a branch that is taken at random costs six times the rest.
      negative += words[row + channel]! >>> 31
      channelSums[channel]! += value
    }
  }
  const { length } = values
  freeCopy(values, bytes)
  const rms = Math.sqrt(squares / length)
  // The least singles squared are no zeros in f64.
  if (!(rms > 0)) return ZEROS
  const { sum, folds } = foldedMeans(channelSums, length / width)
  return {
    logRms: Math.log(rms),
    // The root mean square is at least the mean, but for rounding.
    mean: clamped(sum / length / rms),
    negativeShare: negative / length,
    channels: folds.map(mean => mean / rms),
  }
}

const ZEROS: TensorStatistics = {
  logRms: LOG_RMS_OF_ZEROS,
  mean: 0,
  negativeShare: 0,
  channels: Array.from({ length: CHANNEL_FOLDS }, () => 0),
}

/** Mean of every sixteenth channel; 0 where there is none, in a tensor of fewer channels. */
function foldedMeans(sums: Float64Array, rows: number): { readonly sum: number; readonly folds: readonly number[] } {
  const folds = Array.from({ length: CHANNEL_FOLDS }, () => 0)
  let sum = 0
  for (let channel = 0; channel < sums.length; channel++) {
    sum += sums[channel]!
    folds[channel % CHANNEL_FOLDS]! += sums[channel]!
  }
  const channelsOf = (fold: number): number => Math.ceil((sums.length - fold) / CHANNEL_FOLDS)
  return { sum, folds: folds.map((total, fold) => total / (rows * Math.max(1, channelsOf(fold)))) }
}

function clamped(mean: number): number {
  return Math.min(1, Math.max(-1, mean))
}
