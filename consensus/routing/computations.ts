/** What the engine does next, and what becomes of its results. */
import { abandon } from './giving-up.ts'
import { sendBackward, sendForward } from './hops.ts'
import { isOnLane } from './lanes.ts'
import { noteGiven } from './measures.ts'
import { chainRoot } from './root.ts'
import {
  isHopeless,
  isLastStage,
  type Job,
  newJob,
  release,
  releaseAll,
  report,
  type Step,
  type WorkState,
} from './state.ts'
import type { AccumulatorName, Computation, TensorHandle } from './types.ts'
import { noteLap } from './window.ts'

/**
 * Starts micro-batches of the own source: contiguous sequences, `window` in flight, up to the quota, until the close. Where
 * the peer pauses, only as many as a commitment needs: it waits for the end of the round anyway, and should not wait in vain.
 */
export function fillWindow(step: Step): void {
  const { state } = step
  const { context } = state
  if (context.stage !== 0 || state.phase !== 'open' || !state.started) return
  const most = state.pausing ? Math.min(context.countMin, context.quota) : context.quota
  let inFlight = 0
  let probes = 0
  for (const job of state.jobs.values()) {
    if (job.phase === 'done' || job.phase === 'lost') continue
    if (isHopeless(state, job)) probes++
    else inFlight++
  }
  // What a late hop has is no reason for the others to wait; but where all are late, they get no more than the window.
  inFlight += Math.max(0, probes - 1)
  const window = Math.min(state.pace.window, Math.max(context.limits.window, context.share))
  for (; inFlight < window && state.nextSequence < most; inFlight++) {
    const job = newJob(
      { round: context.round, source: context.self, sequence: state.nextSequence++ },
      null,
      state.nowMs,
    )
    state.jobs.set(job.key, job)
    step.effects.push({ type: 'draw', key: job.key, id: job.id })
    report(step, 'started', job)
  }
}

/** Hands work to the engine: gradients first, they free memory and settle what is nearly done. */
export function schedule(step: Step): void {
  const { state } = step
  if (!state.started) return
  while (state.computing.size < state.context.limits.computing) {
    const job = takeNext(state)
    if (job === null) return
    const computation = computationOf(state, job)
    job.phase = computation.task === 'backward' ? 'backward' : 'forwarding'
    state.computing.set(job.key, computation.task === 'forward' ? null : computation.into)
    step.effects.push({ type: 'compute', key: job.key, id: job.id, computation })
  }
}

export function onDrawn(step: Step, key: string, tensor: TensorHandle): void {
  const job = step.state.jobs.get(key)
  if (job?.phase !== 'drawing') {
    release(step, tensor)
    return
  }
  job.input = tensor
  job.phase = 'queued'
  step.state.forwards.push(key)
}

export function onComputed(step: Step, key: string, tensor: TensorHandle | null, lossMicronats: number): void {
  const { state } = step
  const job = state.jobs.get(key)
  const into = state.computing.get(key)
  state.computing.delete(key)
  if (job === undefined || into === undefined || (job.phase !== 'forwarding' && job.phase !== 'backward')) {
    release(step, tensor)
    return
  }
  if (into === null) {
    job.output = tensor
    sendForward(step, job)
    return
  }
  if (job.phase === 'forwarding') {
    job.holders = [...job.path, state.context.self]
    job.lossMicronats = lossMicronats
  }
  release(step, job.gradient)
  job.gradient = null
  job.result = tensor
  accumulate(state, job, into)
  if (job.from === null) settle(step, job)
  else {
    sendBackward(step, job)
    noteGiven(state, job)
  }
}

/** A failed computation accumulated nothing: the micro-batch is given up here and may succeed at a sibling. */
export function onComputeFailed(step: Step, key: string): void {
  const { state } = step
  state.computing.delete(key)
  const job = state.jobs.get(key)
  if (job?.phase === 'drawing' || job?.phase === 'forwarding' || job?.phase === 'backward') abandon(step, job)
}

/** Computations under way that add to an accumulator: the commit waits for them. */
export function accumulating({ computing }: WorkState): number {
  let count = 0
  for (const into of computing.values()) if (into !== null) count++
  return count
}

function takeNext(state: WorkState): Job | null {
  const job = state.drained ? null : takeFrom(state, state.backwards, 'gradient')
  if (job !== null) return job
  // A head accumulates in its forward.
  return state.drained && isLastStage(state) ? null : takeFrom(state, state.forwards, 'queued')
}

function takeFrom(state: WorkState, keys: string[], phase: 'gradient' | 'queued'): Job | null {
  for (let key = keys.shift(); key !== undefined; key = keys.shift()) {
    const job = state.jobs.get(key)
    if (job?.phase === phase) return job
  }
  return null
}

function computationOf(state: WorkState, job: Job): Computation {
  if (job.input === null) throw new Error(`${job.key}: no input to compute with`)
  if (job.gradient !== null) {
    return { task: 'backward', input: job.input, gradient: job.gradient, into: accumulatorOf(state, job.holders) }
  }
  if (!isLastStage(state)) return { task: 'forward', input: job.input }
  return { task: 'head', input: job.input, into: accumulatorOf(state, job.path) }
}

function accumulatorOf({ context, lane }: WorkState, path: Job['path']): AccumulatorName {
  return isOnLane(context.lanes, lane, path) ? 'lane' : 'off-lane'
}

function accumulate(state: WorkState, job: Job, into: AccumulatorName): void {
  const tally = state.tallies[into]
  tally.count++
  if (isLastStage(state)) tally.lossSumMicronats += job.lossMicronats
  const path = state.context.stage === 0 ? job.holders.slice(1) : []
  tally.trace.push({ source: job.id.source, sequence: job.id.sequence, path })
}

function settle(step: Step, job: Job): void {
  const { state } = step
  releaseAll(step, job)
  job.phase = 'done'
  state.settled++
  noteLap(state, job)
  state.root = chainRoot(state.root, job.header)
  step.effects.push({ type: 'settled', count: state.settled, root: state.root })
  report(step, 'settled', job)
}
