/**
 * Hedging: in the tail of a round a micro-batch that is later than usual gets a second copy at a sibling. The first gradient
 * wins; the other is refused as a duplicate, and paid to nobody, since the backward path names one hop of each stage.
 */
import { HEDGE_DEVIATIONS, TAIL_SHARE } from './constants.ts'
import { overdueMs } from './pace.ts'
import { type Job, paceContext, type Step, type WorkState } from './state.ts'

export const HEDGE_TIMER = 'hedge'

/** What is due for a copy now, in order of arrival; sets a timer for what is due next. */
export function overdueJobs(step: Step): readonly Job[] {
  const { state } = step
  const left = budget(state) - state.hedged
  if (left <= 0 || state.phase !== 'open' || !isTail(state)) return []
  const overdue: Job[] = []
  let nextMs = Number.POSITIVE_INFINITY
  for (const job of state.jobs.values()) {
    const dueInMs = dueIn(state, job)
    if (dueInMs === null) continue
    if (dueInMs <= 0) overdue.push(job)
    else nextMs = Math.min(nextMs, dueInMs)
  }
  if (!state.hedgeTimer && nextMs < Number.POSITIVE_INFINITY) {
    state.hedgeTimer = true
    step.effects.push({ type: 'timer', id: HEDGE_TIMER, delayMs: Math.ceil(nextMs) })
  }
  return overdue.slice(0, left)
}

/** A peer does not have the copy, or is gone: the first hop goes on alone, or the copy becomes the first. */
export function dropCopy({ state }: Step, job: Job, peer: string): boolean {
  if (job.hedge === null || (job.hedge !== peer && job.hop !== peer)) return false
  if (job.hop === peer) {
    state.transfers.delete(job.transfer)
    job.hop = job.hedge
    job.transfer = job.hedgeTransfer
  } else state.transfers.delete(job.hedgeTransfer)
  job.hedge = null
  job.hedgeTransfer = 0
  return true
}

export function endHedging(step: Step): void {
  if (step.state.hedgeTimer) step.effects.push({ type: 'cancel', id: HEDGE_TIMER })
  step.state.hedgeTimer = false
}

function budget({ context }: WorkState): number {
  return Math.floor(context.limits.hedges * context.share)
}

function isTail({ context, jobs }: WorkState): boolean {
  let done = 0
  for (const job of jobs.values()) if (job.phase === 'done' || job.phase === 'returning') done++
  return done >= TAIL_SHARE * context.share
}

/** Milliseconds until a copy is due; null where none will be. */
function dueIn(state: WorkState, job: Job): number | null {
  if (job.phase !== 'sent' || job.hop === null || job.hedge !== null || job.failures > 0 || job.transfer !== 0)
    return null
  const sentAtMs = job.tried.get(job.hop) ?? null
  const usualMs = overdueMs(state.pace, job.hop, HEDGE_DEVIATIONS, paceContext(state))
  return sentAtMs === null || usualMs === null ? null : sentAtMs + usualMs - state.nowMs
}
