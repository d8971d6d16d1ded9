/**
 * How many micro-batches a source has in flight: what its lane settled in a lap's time, and half as many more to find out
 * whether it can do better (the product of bandwidth and delay, as BBR has it). A slow lane, or a slow source, starts few.
 */
import type { Job, Laps, WorkState } from './state.ts'

/** Above 1, else the window that limits the rate would confirm itself; what is too many waits in queues. */
const GAIN = 1.5

/** Fewer settled micro-batches say nothing about a rate. */
const RATE_COUNT = 3

export function newLaps(): Laps {
  return { leastMs: Number.POSITIVE_INFINITY, firstAtMs: 0, lastAtMs: 0 }
}

/** A micro-batch of the own source is settled. */
export function noteLap({ laps, settled, nowMs }: WorkState, job: Job): void {
  laps.leastMs = Math.min(laps.leastMs, nowMs - job.beganAtMs)
  if (settled === 1) laps.firstAtMs = nowMs
  laps.lastAtMs = nowMs
}

/** Of the next round. The quickest lap is taken, since the others waited in queues that the window itself fills. */
export function nextWindow({ context, pace, laps, settled }: WorkState): number {
  const { window: first, windowMost } = context.limits
  if (settled === 0) return Math.max(1, Math.floor(pace.window / 2))
  const spanMs = laps.lastAtMs - laps.firstAtMs
  if (settled < RATE_COUNT || spanMs <= 0) return Math.max(pace.window, first)
  const inLap = (laps.leastMs * (settled - 1)) / spanMs
  return Math.min(Math.max(Math.ceil(GAIN * inLap), 1), windowMost)
}
