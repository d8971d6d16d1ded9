/** Close and drain (round.md): stop taking work, let what is under way come home, commit, forget. */
import { accumulating } from './computations.ts'
import { abandonWhere } from './door.ts'
import { isLastStage, isOpen, releaseAll, type Step, type Tally, timerId } from './state.ts'
import type { Accumulated } from './types.ts'

export const ROUND_TIMER = 'round'
export const DRAIN_TIMER = 'drain'

/** Stage s of S then drains for (S - s) hops' time at most, so that gradients arrive at each stage before it commits. */
export function close(step: Step): void {
  const { state } = step
  if (state.phase !== 'open') return
  state.phase = 'closed'
  const { stage, lanes, timing } = state.context
  step.effects.push({ type: 'cancel', id: ROUND_TIMER })
  step.effects.push({
    type: 'timer',
    id: DRAIN_TIMER,
    delayMs: (lanes.rankings.length - stage) * timing.drainMs,
  })
  // Later stages have closed too and would refuse these; the head's only need it and the way back.
  const last = isLastStage(state)
  abandonWhere(step, job => job.phase === 'drawing' || job.phase === 'waiting' || (job.phase === 'queued' && !last))
}

/** The drain's time is up: what an accumulator is receiving right now still counts, nothing else. */
export function drain(step: Step): void {
  if (step.state.phase === 'closed') step.state.drained = true
}

/** Emits `ready-to-commit` once nothing can be added any more. */
export function commitWhenReady(step: Step): void {
  const { state } = step
  if (state.phase !== 'closed' || accumulating(state) > 0) return
  if (!state.drained && [...state.jobs.values()].some(isOpen)) return
  state.phase = 'committed'
  state.drained = true
  abandonWhere(step, isOpen)
  step.effects.push({ type: 'cancel', id: DRAIN_TIMER })
  step.effects.push({
    type: 'ready-to-commit',
    lane: copyOf(state.tallies.lane),
    offLane: copyOf(state.tallies['off-lane']),
  })
}

/** The round is decided: nothing of it is needed any more. */
export function end(step: Step): void {
  const { state } = step
  if (state.phase === 'over') return
  if (state.phase === 'open') step.effects.push({ type: 'cancel', id: ROUND_TIMER })
  if (state.phase === 'closed') step.effects.push({ type: 'cancel', id: DRAIN_TIMER })
  state.phase = 'over'
  state.drained = true
  for (const job of state.jobs.values()) {
    if (job.phase === 'sent' || job.phase === 'waiting' || job.phase === 'returning') {
      step.effects.push({ type: 'cancel', id: timerId(job) })
    }
    releaseAll(step, job)
    job.phase = 'lost'
  }
  state.transfers.clear()
}

function copyOf({ count, lossSumMicronats, trace }: Tally): Accumulated {
  return { count, lossSumMicronats, trace: [...trace] }
}
