/**
 * Clipping of backward tensors (round.md, "Work: lanes"): at most tau = 2 x the moving average of the rounds' median norm.
 * Scaling a gradient is linear, so it bounds what reaches all stages before this one. The median ignores a minority of
 * inflated norms; the average over rounds keeps one round's majority from moving tau far. Norms (f64) and scaling are the
 * driver's kernels.
 */
import { lowerMedian } from './median.ts'

export interface ClipState {
  /** `backwardClip` of the manifest. */
  readonly factor: number
  /** Moving average of the median norm over the rounds so far; null before the first round ended. */
  readonly average: number | null
  /** Norms received in this round, before scaling. */
  readonly norms: readonly number[]
}

/** Weight of the average's past: norms drift over tens of rounds. */
export const CLIP_DECAY = 0.9

/** In the first round tau is the median of what came so far, and a median of fewer says nothing. */
export const CLIP_MIN_NORMS = 3

/** Norms kept of a round: a median of this many is as good as that of more. */
export const CLIP_MAX_NORMS = 256

export function createClip(factor: number): ClipState {
  if (!(factor > 0)) throw new RangeError(`clip factor ${factor} is not positive`)
  return { factor, average: null, norms: [] }
}

/** Notes a received norm (finite: the door refuses others), before its factor is taken. */
export function observeNorm(state: ClipState, norm: number): ClipState {
  if (!Number.isFinite(norm) || norm < 0) throw new RangeError(`norm ${norm}`)
  return state.norms.length < CLIP_MAX_NORMS ? { ...state, norms: [...state.norms, norm] } : state
}

/** What to multiply a tensor of this norm by: 1, or less than 1 to bring it down to tau. */
export function clipFactor(state: ClipState, norm: number): number {
  const tau = clipBound(state)
  return norm > tau ? tau / norm : 1
}

/** tau, or infinity while nothing is known. */
export function clipBound({ factor, average, norms }: ClipState): number {
  if (average !== null) return factor * average
  return norms.length < CLIP_MIN_NORMS ? Number.POSITIVE_INFINITY : factor * lowerMedian(norms)
}

/**
 * Folds the round's median into the average, but no more than tau: most of a replica's gradients come from one sender, its
 * lane's, and what was clipped must not teach the bound that clips. So tau grows by a tenth a round at the most.
 */
export function endClipRound(state: ClipState): ClipState {
  const { average, norms, factor } = state
  if (norms.length === 0) return state
  const middle = average === null ? lowerMedian(norms) : Math.min(lowerMedian(norms), factor * average)
  return { ...state, average: average === null ? middle : CLIP_DECAY * average + (1 - CLIP_DECAY) * middle, norms: [] }
}
