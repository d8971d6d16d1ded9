/** Start values of the work machine; those that the manifest or the node sets are arguments (`WorkContext`). */
import type { WorkLimits } from './types.ts'

export const DEFAULT_WORK_LIMITS: WorkLimits = {
  // One computes here while the other travels; what is in flight at the close is wasted. See `workLimits`.
  window: 2,
  // 8 stages with 100 ms between them have 12 hops' time in flight (window.ts); queues at the next hop take 8 of them.
  windowMost: 16,
  // With windows of 2 a lane of two stages never exceeds it; the other half is for senders whose own hop failed.
  queue: 8,
  // 64 activations of 0.5 MiB (gpt-tiny) to 8 MiB (gpt-small), three tensors each at the most.
  held: 64,
  // Neighbours may be a whole round ahead only by what they have in flight.
  parked: 16,
  // One runs, one waits in the worker's mailbox, so the engine never idles for a turn of the event loop.
  computing: 2,
  // 1/4 + 1/4 * 1.5 + ... of a hop: about one and a half hops of patience before the lane is left.
  busy: 4,
  // All siblings of n = 4 and the first ones again; with the waits between them 8 hops' time, about a third of a round.
  retries: 5,
  // All that is left in the tail, so that one machine that stands still is got round at once; none where a round is tiny.
  hedges: 1 / 4,
}

/**
 * Bounds of the measured deadlines, in shares of their bases, and their least deviation in shares of the smoothed value.
 * An answer is a transfer, which another one in the way may double. Rounds get three times their usual: their deadline is
 * for when neighbours fail, and a round that lost half of its lanes should still reach its target.
 */
export const PACE_SHARES = {
  answer: { least: 1 / 8, most: 2, spread: 1 / 2 },
  gradient: { least: 1 / 8, most: 2, spread: 1 / 4 },
  drain: { least: 1 / 4, most: 1, spread: 1 / 4 },
  round: { least: 1 / 4, most: 2, spread: 1 / 2 },
} as const

/** A hop that has held work of ours for this share of the round, and gave back less than a commitment needs, is late. */
export const LATE_HELD_SHARE = 1 / 3

/** Rounds whose least times a peer remembers of a neighbour: their median forgets two that were disturbed. */
export const MEASURED_ROUNDS = 5
/** Of fewer rounds nothing is told: one may have been disturbed. */
export const LEAST_ROUNDS = 2

/** A seat is slow that takes so many times the median of its stage, until it takes less than the second of them. */
export const SLOW_FACTOR = 3
export const STILL_SLOW_FACTOR = 2

/** The same of what did not come back: that is only a part of what it takes, so a little more is news. */
export const HELD_FACTOR = 1.1

/** Neighbours of a report: of the lane two, and some more where stages differ in size. Each takes up to 90 bytes. */
export const REPORT_ENTRIES = 16
export const REPORT_LIMIT_BYTES = 2_048

/** A known time is at most so many times longer or shorter after an epoch's reports. */
export const MOST_CHANGE = 2
/** A time is at most so many times longer or shorter than the median of its stage. */
export const FARTHEST = 16

/** A time is told where it is so many times more or less than what is known: queues and links make it differ a little. */
export const TOLD_FACTOR = 1.5

/** A late hop is in time again with a gradient that took at most so many times the usual of the others. */
export const IN_TIME_FACTOR = 1.5

/** The tail of a round: this share of what is due here is done. */
export const TAIL_SHARE = 3 / 4

/** Deviations beyond the usual at which a copy is sent; the deadline is at four. */
export const HEDGE_DEVIATIONS = 2

/** Factor of every further wait. Below 2, so that three tries still fit into a round. */
export const DEFAULT_BACK_OFF = 1.5

/** First wait after BUSY, as a share of a hop: a queue place frees in a fraction of a hop's time. */
export const BUSY_WAIT_SHARE = 0.25

/**
 * First wait after WAIT, as a share of a hop: the next stage is usually in the round a moment later, and at the start of a run
 * a quarter of a hop (5 s) was most of what the first round took.
 */
export const LATE_WAIT_SHARE = 0.02

/** Share of the round for which a sender is patient with a stage that is still in the round before. */
export const LATE_STAGE_SHARE = 0.25

/**
 * Limits for a pipeline of so many stages. A micro-batch's way is as long as the pipeline, there and back: a source starts with two in
 * flight for each stage between it and the head, and finds out by itself whether its lane takes more (window.ts).
 */
export function workLimits(stages: number): WorkLimits {
  const { window, windowMost } = DEFAULT_WORK_LIMITS
  return { ...DEFAULT_WORK_LIMITS, window: Math.min(Math.max(window, 2 * (stages - 2)), windowMost) }
}
