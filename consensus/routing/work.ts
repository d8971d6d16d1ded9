/**
 * The work machine: what one replica does with micro-batches in one round (round.md, "Work: lanes"). Sans-I/O: inputs are
 * frames, answers, finished computations and expired timers; effects are what the driver is to do, in order. The state
 * that is passed in is consumed.
 */

import { ZERO_HASH } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { fillWindow, onComputed, onComputeFailed, onDrawn, schedule } from './computations.ts'
import { onReachable, takeAbandoned, takeBackward, takeForward, unpark } from './door.ts'
import { close, commitWhenReady, DRAIN_TIMER, drain, end, openRound, pause, ROUND_TIMER } from './ending.ts'
import { HEDGE_TIMER } from './hedging.ts'
import { beginAnew, hedge, onAnswered, onJobTimer } from './hops.ts'
import { laneOf } from './lanes.ts'
import { newMeasures, newRoundMeasures } from './measures.ts'
import { keepNeighbours, type Pace } from './pace.ts'
import { keepSiblings, type References, takeReport } from './references.ts'
import { jobKey, newTally, type Step, timerId, type WorkState } from './state.ts'
import type { ForwardInput, ReportInput, WorkContext, WorkEffect, WorkInput } from './types.ts'
import { newLaps } from './window.ts'

export interface WorkStep {
  readonly state: WorkState
  readonly effects: readonly WorkEffect[]
}

/**
 * A machine for one round. Until `start` (the engine's accumulators are zero then) it takes forwards, but computes nothing.
 * @throws RangeError where `self` has no seat in its stage
 */
export function createWork(context: WorkContext): WorkState {
  const lane = laneOf(context.lanes, context.stage, context.self)
  if (lane === null) throw new RangeError(`${context.self} has no seat in stage ${context.stage}`)
  return {
    context,
    lane,
    phase: 'open',
    started: false,
    pausing: false,
    nowMs: 0,
    pipelineReady: false,
    openedAtMs: 0,
    closedAtMs: 0,
    hasDrain: false,
    pace: ofEpoch(keepNeighbours(context.pace, neighboursOf(context)), context.epoch),
    laps: newLaps(),
    measures: newRoundMeasures(),
    hedged: 0,
    hedgeTimer: false,
    drained: false,
    jobs: new Map(),
    forwards: [],
    backwards: [],
    computing: new Map(),
    transfers: new Map(),
    lastTransfer: 0,
    parked: [],
    nextSequence: 0,
    settled: 0,
    root: ZERO_HASH,
    down: new Set(),
    awaited: new Set(),
    tallies: { lane: newTally(), 'off-lane': newTally() },
    references: keepSiblings(context.references, context),
    samples: { forward: new Map(), backward: new Map() },
  }
}

/** Hands over the forwards that wait for the next round, for its `start`; the machine forgets them. */
export function takeParked(state: WorkState): readonly ForwardInput[] {
  const parked = state.parked
  state.parked = []
  return parked
}

/** What was measured until now, for the next round. */
export function paceOf({ pace }: WorkState): Pace {
  return pace
}

/** What siblings said until now, for the next round. */
export function referencesOf({ references }: WorkState): References {
  return references
}

/**
 * Both are said with every certificate of another stage, of which there may be hundreds, and a driver need not pass on what changes
 * nothing: before the close only copies fall due as time passes, and after it nothing does but by a timer.
 */
export function isSaidAgain({ jobs, phase, pipelineReady }: WorkState, what: WorkInput['type']): boolean {
  const isKnown = what === 'pipeline-ready' ? pipelineReady : what === 'closed' && phase !== 'open'
  return isKnown && (phase !== 'open' || jobs.size === 0)
}

/** @param nowMs - of a clock that does not go back; only differences matter */
export function step(state: WorkState, input: WorkInput, nowMs: number): WorkStep {
  const work: Step = { state, effects: [] }
  state.nowMs = nowMs
  if (isSaidAgain(state, input.type)) return work
  apply(work, input)
  fillWindow(work)
  schedule(work)
  hedge(work)
  commitWhenReady(work)
  return work
}

function apply(work: Step, input: WorkInput): void {
  switch (input.type) {
    case 'start':
      start(work, input.parked)
      break
    case 'pipeline-ready':
      readyPipeline(work)
      break
    case 'forward':
      work.effects.push({ type: 'answer', answer: takeForward(work, input) })
      break
    case 'backward':
      work.effects.push({ type: 'answer', answer: takeBackward(work, input) })
      break
    case 'report':
      onReport(work, input)
      break
    case 'abandoned':
      if (input.id.round === work.state.context.round) takeAbandoned(work, input.from, jobKey(input.id))
      break
    case 'drawn':
      onDrawn(work, input.key, input.tensor)
      break
    case 'computed':
      onComputed(work, input.key, input.tensor, input.lossMicronats)
      break
    case 'compute-failed':
      onComputeFailed(work, input.key)
      break
    case 'answered':
      onAnswered(work, input.transfer, input.outcome)
      break
    case 'timer':
      onTimer(work, input.id)
      break
    case 'reachable':
      onReachable(work, input.peer, input.reachable)
      break
    case 'awaited':
      work.state.awaited.add(input.peer)
      break
    case 'pause':
      pause(work)
      break
    case 'closed':
      close(work, input.isReached ? 'reached' : 'siblings')
      break
    case 'over':
      end(work)
      break
  }
}

function readyPipeline(work: Step): void {
  if (work.state.pipelineReady) return
  work.state.pipelineReady = true
  openRound(work)
  beginAnew(work)
}

function onReport(work: Step, input: ReportInput): void {
  const answer = takeReport(work, input)
  if (answer !== null) work.effects.push({ type: 'answer', answer })
}

function start(work: Step, parked: readonly ForwardInput[]): void {
  const { state } = work
  if (state.started) throw new Error(`round ${state.context.round} was started before`)
  state.started = true
  openRound(work)
  unpark(work, parked)
}

function onTimer(work: Step, id: string): void {
  if (id === ROUND_TIMER) close(work, 'deadline')
  else if (id === DRAIN_TIMER) drain(work)
  else if (id === HEDGE_TIMER) work.state.hedgeTimer = false
  else for (const job of work.state.jobs.values()) if (timerId(job) === id) onJobTimer(work, job)
}

/** Another epoch has other lanes. */
function ofEpoch(pace: Pace, epoch: number): Pace {
  return pace.measures.epoch === epoch ? pace : { ...pace, measures: newMeasures(epoch) }
}

/** Seats of the stages before and after the own one. */
function neighboursOf({ lanes, stage }: WorkContext): ReadonlySet<PeerName> {
  return new Set([...(lanes.rankings[stage - 1] ?? []), ...(lanes.rankings[stage + 1] ?? [])])
}
