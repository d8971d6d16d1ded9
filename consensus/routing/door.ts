/** What comes in: forwards, backwards and give-ups, each answered at once. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { type RefusalReason, refuse } from '../../protocols/wire/refusals.ts'
import { dropCopy } from './hedging.ts'
import { onReached, reroute, sendBackward, sendForward } from './hops.ts'
import { isOnLane, isSeatedPath } from './lanes.ts'
import { noteHopLap, noteTaken } from './measures.ts'
import { judge, observe, refuseOutside } from './references.ts'
import {
  disarm,
  type Job,
  jobKey,
  newJob,
  noteReturned,
  release,
  releaseAll,
  type Step,
  type WorkState,
} from './state.ts'
import type { Answer, BackwardInput, ForwardInput } from './types.ts'

const ACCEPTED: Answer = { kind: 'accepted' }
const BUSY: Answer = { kind: 'busy' }

/** Takes or refuses a forward; the tensor of one that is not kept is released. */
export function takeForward(step: Step, input: ForwardInput, { wasParked } = { wasParked: false }): Answer {
  const { state } = step
  const fault = forwardFault(state, input)
  if (fault !== null) return drop(step, input, refused(fault))
  if (input.id.round > state.context.round)
    return state.pausing ? drop(step, input, refused('paused')) : park(step, input)
  releaseSettled(step, input)
  const known = state.jobs.get(jobKey(input.id))
  if (known !== undefined) return drop(step, input, repeatForward(step, known, input))
  const finding = judge(state, input)
  if (finding !== null) return drop(step, input, refuseOutside(step, input, finding))
  if (state.phase !== 'open') return drop(step, input, refused('stale-round'))
  if (state.pausing) return drop(step, input, refused('paused'))
  if (isTooMuch(state, input)) return drop(step, input, refused('overloaded'))
  if (isQueueFull(state, input) || !hasRoom(step)) return drop(step, input, BUSY)
  const job = newJob(input.id, input, state.nowMs)
  state.jobs.set(job.key, job)
  state.forwards.push(job.key)
  observe(state, input)
  noteTaken(state, job, input.settledBelow, wasParked)
  return ACCEPTED
}

/** Takes or refuses a gradient. Never BUSY: it replaces an activation that is kept, so it needs no room. */
export function takeBackward(step: Step, input: BackwardInput): Answer {
  const { state } = step
  const job = state.jobs.get(jobKey(input.id))
  const fault = backwardFault(state, input, job)
  if (fault !== null || job === undefined) return drop(step, input, refused(fault ?? 'unknown-item'))
  noteReturned(state, job, input.from)
  noteHopLap(state, job, input.path)
  if (job.phase === 'lost' || state.phase === 'committed' || state.phase === 'over') {
    return drop(step, input, refused('stale-round'))
  }
  if (job.phase !== 'sent' && job.phase !== 'waiting') {
    return drop(step, input, job.holders[state.context.stage + 1] === input.from ? ACCEPTED : refused('duplicate'))
  }
  const finding = judge(state, input)
  if (finding !== null) {
    const answer = drop(step, input, refuseOutside(step, input, finding))
    if (!dropCopy(step, job, input.from) && job.hop === input.from) reroute(step, job, { suspect: true })
    return answer
  }
  observe(state, input)
  disarm(step, job)
  release(step, job.output)
  job.output = null
  job.gradient = input.tensor
  job.holders = input.path
  job.header = input.header
  job.lossMicronats = input.lossMicronats
  job.phase = 'gradient'
  state.down.delete(input.from)
  state.backwards.push(job.key)
  return ACCEPTED
}

/** A hop gave up: the sender turns to a sibling now, and need not wait for the deadline. */
export function takeAbandoned(step: Step, from: PeerName, key: string): void {
  const job = step.state.jobs.get(key)
  if (job === undefined || !job.tried.has(from)) return
  job.tried.set(from, null)
  if (job.phase !== 'sent' || dropCopy(step, job, from)) return
  if (job.hop === from) reroute(step, job, { suspect: false })
}

/** Forwards that were parked while the round before was open: those that find no room now are given back. */
export function unpark(step: Step, parked: readonly ForwardInput[]): void {
  for (const input of parked) {
    if (takeForward(step, input, { wasParked: true }).kind !== 'accepted') {
      step.effects.push({ type: 'abandon', to: input.from, id: input.id })
    }
  }
}

function drop(step: Step, input: ForwardInput | BackwardInput, answer: Answer): Answer {
  release(step, input.tensor)
  return answer
}

function refused(reason: RefusalReason): Answer {
  return { kind: 'refused', refusal: refuse(reason) }
}

function forwardFault({ context }: WorkState, { id, path, from }: ForwardInput): RefusalReason | null {
  if (id.round < context.round) return 'stale-round'
  if (id.round > context.round + 1) return 'future-round'
  if (context.stage === 0) return 'wrong-stage'
  if (!Number.isSafeInteger(id.sequence) || id.sequence < 0 || id.sequence >= context.quota) return 'out-of-bounds'
  if (path.length !== context.stage || path[0] !== id.source || path.at(-1) !== from) return 'not-allowed'
  return isSeatedPath(context.lanes, path) ? null : 'no-seat'
}

function backwardFault({ context }: WorkState, input: BackwardInput, job: Job | undefined): RefusalReason | null {
  const { id, path, from } = input
  if (id.round !== context.round) return id.round < context.round ? 'stale-round' : 'future-round'
  if (job === undefined) return 'unknown-item'
  if (!job.tried.has(from)) return 'not-allowed'
  const { lanes, stage, self } = context
  if (path.length !== lanes.rankings.length || path[stage] !== self || path[stage + 1] !== from) return 'not-allowed'
  if (!job.path.every((peer, at) => path[at] === peer)) return 'not-allowed'
  return isSeatedPath(lanes, path) ? null : 'no-seat'
}

/** Asked again by the same sender: the same answer, and the gradient once more where it is ready. */
function repeatForward(step: Step, job: Job, input: ForwardInput): Answer {
  if (job.from !== input.from || job.phase === 'lost') return refused('duplicate')
  if (job.phase === 'done') {
    if (job.result === null) return refused('duplicate')
    job.failures = 0
    sendBackward(step, job)
  }
  return ACCEPTED
}

function park(step: Step, input: ForwardInput): Answer {
  const { state } = step
  const key = jobKey(input.id)
  const parked: Answer = { kind: 'parked', round: state.context.round }
  const known = state.parked.find(other => jobKey(other.id) === key)
  if (known !== undefined) return drop(step, input, known.from === input.from ? parked : refused('duplicate'))
  if (state.parked.length >= state.context.limits.parked) {
    return drop(step, input, { kind: 'wait', round: state.context.round })
  }
  state.parked.push(input)
  return parked
}

/** Other lanes' work that this replica could not commit any more: with none of its own, a count above the bound would be IDLE. */
function isTooMuch({ context, lane, jobs }: WorkState, input: ForwardInput): boolean {
  if (isOnLane(context.lanes, lane, input.path)) return false
  const taken = [...jobs.values()].filter(({ phase }) => phase !== 'lost')
  const own = taken.filter(({ path }) => isOnLane(context.lanes, lane, path)).length
  return own < context.countMin && taken.length - own >= context.countMax
}

/** Senders of other lanes see half of the queue, so that a storm of re-routed work does not push out the lane's own. */
function isQueueFull({ context, lane, jobs }: WorkState, input: ForwardInput): boolean {
  const limit = isOnLane(context.lanes, lane, input.path) ? context.limits.queue : Math.ceil(context.limits.queue / 2)
  let queued = 0
  for (const job of jobs.values()) if (job.phase === 'queued') queued++
  return queued >= limit
}

/** Room for one more; where there is none, the micro-batch that has been finished longest is forgotten. */
function hasRoom(step: Step): boolean {
  const { jobs, context } = step.state
  let held = 0
  let oldest: Job | null = null
  for (const job of jobs.values()) {
    if (job.input === null && job.result === null) continue
    held++
    if (job.phase === 'done') oldest ??= job
  }
  if (held < context.limits.held) return true
  if (oldest === null) return false
  releaseAll(step, oldest)
  return true
}

/** The source will not ask for these again. */
function releaseSettled(step: Step, { id, settledBelow }: ForwardInput): void {
  for (const job of step.state.jobs.values()) {
    if (job.id.source === id.source && job.id.sequence < settledBelow && job.phase === 'done') releaseAll(step, job)
  }
}

/** Connections: what waits for a peer that is gone is re-routed, and it is tried last from now on. */
export function onReachable(step: Step, peer: PeerName, reachable: boolean): void {
  const { state } = step
  const wasAwaited = state.awaited.delete(peer)
  if (reachable) {
    state.down.delete(peer)
    const waiting = [...state.jobs.values()].filter(job => job.hop === peer && job.phase === 'waiting')
    if (wasAwaited) for (const job of waiting) sendForward(step, job)
    onReached(step, peer)
    return
  }
  state.down.add(peer)
  for (const job of [...state.jobs.values()]) {
    if (job.tried.has(peer)) job.tried.set(peer, null)
    if (job.phase !== 'sent' && job.phase !== 'waiting') continue
    if (dropCopy(step, job, peer)) continue
    if (job.hop === peer) reroute(step, job, { suspect: true })
  }
}
