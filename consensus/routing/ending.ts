/** Open, close and drain (round.md): stop taking work, let what is under way come home, commit, forget. */
import { accumulating } from './computations.ts'
import { LATE_HELD_SHARE } from './constants.ts'
import { abandonWhere } from './giving-up.ts'
import { endHedging } from './hedging.ts'
import { addRound } from './measures.ts'
import { drainDeadlineMs, markLate, missDrain, missRound, observeDrain, observeRound, roundDeadlineMs } from './pace.ts'
import { shareStatistics } from './references.ts'
import {
  isHopeless,
  isLastStage,
  isOpen,
  type Job,
  paceContext,
  releaseAll,
  type Step,
  type Tally,
  timerId,
  type WorkState,
} from './state.ts'
import type { Accumulated } from './types.ts'
import { nextWindow } from './window.ts'

export const ROUND_TIMER = 'round'
export const DRAIN_TIMER = 'drain'

/**
 * Here and in every stage the round has begun: its time runs. Not before, else a stage whose neighbour has halted would
 * decide empty rounds and leave it behind.
 */
export function openRound({ state, effects }: Step): void {
  if (!state.started || !state.pipelineReady || state.phase !== 'open') return
  state.openedAtMs = state.nowMs
  effects.push({ type: 'timer', id: ROUND_TIMER, delayMs: roundDeadlineMs(state.pace, paceContext(state)) })
}

/**
 * Who sent it what it has not begun turns to a sibling at once; of its own a source keeps what a commitment needs. What it has
 * begun comes home before the round closes, or as at any close.
 */
export function pause(step: Step): void {
  const { state } = step
  state.pausing = true
  const hasBegun = ({ phase }: Job): boolean => phase !== 'drawing' && phase !== 'waiting' && phase !== 'queued'
  const begun = [...state.jobs.values()].filter(job => job.phase !== 'lost' && hasBegun(job))
  let needed = state.context.countMin - begun.length
  abandonWhere(step, job => !hasBegun(job) && (job.from !== null || needed-- <= 0))
}

/** Stage s of S then drains for (S - s) hops' time at most, so that gradients arrive at each stage before it commits. */
export function close(step: Step, why: 'reached' | 'siblings' | 'deadline'): void {
  const { state } = step
  if (state.phase !== 'open') return
  state.phase = 'closed'
  state.closedAtMs = state.nowMs
  step.effects.push({ type: 'cancel', id: ROUND_TIMER })
  endHedging(step)
  // Later stages have closed too and would refuse these; the head's only need it and the way back.
  const last = isLastStage(state)
  abandonWhere(step, job => job.phase === 'drawing' || job.phase === 'waiting' || (job.phase === 'queued' && !last))
  // What a late hop holds has missed the round: whoever waited for it would miss the commit as well.
  abandonWhere(step, job => isHopeless(state, job))
  measureRound(state, why)
  state.hasDrain = [...state.jobs.values()].some(isOpen)
  step.effects.push({ type: 'timer', id: DRAIN_TIMER, delayMs: drainDeadlineMs(state.pace, paceContext(state)) })
}

/** The drain's time is up: what an accumulator is receiving right now still counts, nothing else. */
export function drain(step: Step): void {
  const { state } = step
  if (state.phase !== 'closed' || state.drained) return
  state.drained = true
  // It says nothing of hops that wait for a stage that has not begun the round.
  if (!state.pipelineReady) return
  state.pace = missDrain(state.pace)
  for (const { phase, hop } of state.jobs.values()) {
    if (phase === 'sent' && hop !== null) state.pace = markLate(state.pace, hop)
  }
}

/** Emits `ready-to-commit` once nothing can be added any more. */
export function commitWhenReady(step: Step): void {
  const { state } = step
  if (state.phase !== 'closed' || accumulating(state) > 0) return
  if (!state.drained && [...state.jobs.values()].some(isOpen)) return
  if (!state.drained && state.hasDrain)
    state.pace = observeDrain(state.pace, state.nowMs - state.closedAtMs, paceContext(state))
  state.phase = 'committed'
  state.drained = true
  abandonWhere(step, isOpen)
  step.effects.push({ type: 'cancel', id: DRAIN_TIMER })
  shareStatistics(step)
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
  endHedging(step)
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

/** What the round says for the next ones: its length, hops that hold work for too long, the window. */
function measureRound(state: WorkState, why: 'reached' | 'siblings' | 'deadline'): void {
  const lengthMs = state.nowMs - state.openedAtMs
  const isOpened = state.started && state.pipelineReady
  if (why === 'deadline') onTimeOut(state)
  if (why === 'reached' && isOpened) state.pace = observeRound(state.pace, lengthMs, paceContext(state))
  if (isOpened) state.pace = { ...state.pace, measures: addRound(state) }
  if (isOpened) for (const hop of slowHops(state, lengthMs)) state.pace = markLate(state.pace, hop)
  if (state.context.stage === 0 && isOpened) state.pace = { ...state.pace, window: nextWindow(state) }
}

/** Longer the next time, but beyond the manifest's time only where something was done, so that more time would have helped. */
function onTimeOut(state: WorkState): void {
  const { lane, 'off-lane': offLane } = state.tallies
  const isShort = roundDeadlineMs(state.pace, paceContext(state)) < state.context.timing.roundMs
  if (isShort || lane.count + offLane.count > 0) state.pace = missRound(state.pace)
}

/** Hops that gave back less than a commitment needs, and were not waiting for us. */
function slowHops({ context, jobs, nowMs }: WorkState, lengthMs: number): readonly string[] {
  const heldMs = new Map<string, number>()
  const returned = new Map<string, number>()
  for (const { tried, holders } of jobs.values()) {
    const giver = holders[context.stage + 1]
    if (giver !== undefined) returned.set(giver, (returned.get(giver) ?? 0) + 1)
    for (const [hop, sentAtMs] of tried)
      if (sentAtMs !== null) heldMs.set(hop, Math.max(heldMs.get(hop) ?? 0, nowMs - sentAtMs))
  }
  const isSlow = (hop: string, held: number): boolean =>
    held > LATE_HELD_SHARE * lengthMs && (returned.get(hop) ?? 0) < context.countMin
  return [...heldMs].filter(([hop, held]) => isSlow(hop, held)).map(([hop]) => hop)
}

function copyOf({ count, lossSumMicronats, trace }: Tally): Accumulated {
  return { count, lossSumMicronats, trace: [...trace] }
}
