/** Sending: which hop, what its answer means, when to turn to a sibling (round.md, "Work: lanes"). */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { BUSY_WAIT_SHARE, LATE_STAGE_SHARE, LATE_WAIT_SHARE } from './constants.ts'
import { hopOrder } from './lanes.ts'
import { abandon, disarm, type Job, report, type Step, timerId, type WorkState } from './state.ts'
import type { SendOutcome } from './types.ts'

/** Sends the kept activation to a hop and waits for the gradient from there. */
export function sendForward(step: Step, job: Job): void {
  const { state } = step
  job.hop ??= chooseHop(state, job)
  if (state.awaited.has(job.hop)) {
    // Its lane is kept for it as long as for a stage that is late.
    job.phase = 'waiting'
    setTimer(step, job, patienceMs(state))
    return
  }
  job.tried.add(job.hop)
  job.phase = 'sent'
  transfer(step, job, job.hop, 'forward')
  setTimer(step, job, gradientDeadlineMs(state, job))
}

/** Sends the input's gradient to who sent the forward. */
export function sendBackward(step: Step, job: Job): void {
  if (job.from === null) return
  job.phase = 'returning'
  transfer(step, job, job.from, 'backward')
}

export function onAnswered(step: Step, number: number, outcome: SendOutcome): void {
  const key = step.state.transfers.get(number)
  const job = key === undefined ? undefined : step.state.jobs.get(key)
  step.state.transfers.delete(number)
  if (job === undefined || job.transfer !== number) return
  job.transfer = 0
  if (job.phase === 'sent') onForwardAnswered(step, job, outcome)
  else if (job.phase === 'returning') onBackwardAnswered(step, job, outcome)
}

export function onJobTimer(step: Step, job: Job): void {
  if (job.phase === 'waiting' && isAwaited(step.state, job)) stopAwaiting(step, job)
  else if (job.phase === 'waiting') sendForward(step, job)
  else if (job.phase === 'returning') sendBackward(step, job)
  else if (job.phase === 'sent') reroute(step, job, { suspect: true })
}

export function isAwaited({ awaited }: WorkState, { hop }: Job): boolean {
  return hop !== null && awaited.has(hop)
}

/** Who has not come by now is as good as gone, and so are the others who were to come at the same time. */
function stopAwaiting(step: Step, job: Job): void {
  const { awaited, down } = step.state
  for (const peer of awaited) down.add(peer)
  awaited.clear()
  reroute(step, job, { suspect: true })
}

/**
 * The hop is gone, gave up or let the deadline pass: the kept activation goes to a sibling. To the first one at once; then
 * after growing waits, else a stage that nobody reaches for a moment would use up the budget, and a source its quota.
 */
export function reroute(step: Step, job: Job, { suspect }: { suspect: boolean }): void {
  const { state } = step
  const { limits, timing } = state.context
  if (suspect && job.hop !== null) state.down.add(job.hop)
  disarm(step, job)
  // After the close the siblings refuse it as well; beyond the budget the sender of the forward may fare better.
  if (state.phase !== 'open' || job.failures >= limits.retries) {
    abandon(step, job)
    return
  }
  report(step, 'rerouted', job, job.hop)
  job.busy = job.late = job.lateMs = 0
  job.hop = null
  job.failures++
  if (job.failures === 1) {
    sendForward(step, job)
    return
  }
  job.phase = 'waiting'
  setTimer(step, job, timing.hopMs * timing.backOff ** (job.failures - 2))
}

function onForwardAnswered(step: Step, job: Job, outcome: SendOutcome): void {
  const { state } = step
  const { limits, timing } = state.context
  let pause = 0
  switch (outcome.kind) {
    case 'accepted':
      if (job.hop !== null) state.down.delete(job.hop)
      break
    case 'parked':
      setTimer(step, job, gradientDeadlineMs(state, job) + patienceMs(state))
      break
    case 'busy':
      if (++job.busy > limits.busy) reroute(step, job, { suspect: false })
      else askAgain(step, job, pauseMs(state, BUSY_WAIT_SHARE, job.busy))
      break
    case 'wait':
      // Its siblings are likely as late, so this is no reason to leave the lane, for a while.
      pause = Math.min(timing.hopMs, pauseMs(state, LATE_WAIT_SHARE, ++job.late))
      job.lateMs += pause
      if (job.lateMs > patienceMs(state)) reroute(step, job, { suspect: false })
      else askAgain(step, job, pause)
      break
    case 'refused':
      reroute(step, job, { suspect: false })
      break
    case 'failed':
      reroute(step, job, { suspect: true })
      break
  }
}

/** BUSY or WAIT: the same hop again, unless the round has closed meanwhile. */
function askAgain(step: Step, job: Job, delayMs: number): void {
  if (step.state.phase !== 'open') {
    abandon(step, job)
    return
  }
  job.phase = 'waiting'
  setTimer(step, job, delayMs)
}

function pauseMs({ context: { timing } }: WorkState, share: number, times: number): number {
  return timing.hopMs * share * timing.backOff ** (times - 1)
}

function patienceMs({ context: { timing } }: WorkState): number {
  return timing.roundMs * LATE_STAGE_SHARE
}

function onBackwardAnswered(step: Step, job: Job, outcome: SendOutcome): void {
  if (outcome.kind === 'accepted') {
    job.phase = 'done'
    return
  }
  // A refusal is final: the sender of the forward has another gradient already, or has given up.
  if (outcome.kind === 'refused' || ++job.failures > step.state.context.limits.retries) {
    job.phase = 'done'
    report(step, 'undelivered', job, job.from)
    return
  }
  setTimer(step, job, hopMs(step.state, job))
}

/** The first hop in the lane's order that this micro-batch has not tried, peers in trouble last; then they come round again. */
function chooseHop(state: WorkState, job: Job): PeerName {
  const { context, lane, down } = state
  const order = hopOrder(context.lanes, lane, context.stage + 1, job.id.sequence)
  const rank = (peer: PeerName): number => (job.tried.has(peer) ? 2 : 0) + (down.has(peer) ? 1 : 0)
  const hop = order.toSorted((a, b) => rank(a) - rank(b))[0]
  if (hop === undefined) throw new RangeError(`no stage ${context.stage + 1}`)
  return job.tried.size < order.length ? hop : order[job.failures % order.length]!
}

/**
 * How long a gradient may take. With h stages below, D(h) = D(h-1) + 2h = h(h+1) hops: the way there and back and one
 * recovery anywhere below, so that the nearest sender re-routes and those above it wait.
 */
function gradientDeadlineMs(state: WorkState, job: Job): number {
  const below = state.context.lanes.rankings.length - 1 - state.context.stage
  return below * (below + 1) * hopMs(state, job)
}

/** One hop's time, longer after every failure. */
function hopMs({ context: { timing } }: WorkState, job: Job): number {
  return timing.hopMs * timing.backOff ** job.failures
}

function transfer(step: Step, job: Job, to: PeerName, direction: 'forward' | 'backward'): void {
  const { state, effects } = step
  const tensor = direction === 'forward' ? job.output : job.result
  if (tensor === null) throw new Error(`${job.key}: nothing to send ${direction}`)
  job.transfer = ++state.lastTransfer
  state.transfers.set(job.transfer, job.key)
  effects.push({
    type: 'send',
    transfer: job.transfer,
    to,
    direction,
    id: job.id,
    tensor,
    lossMicronats: direction === 'backward' ? job.lossMicronats : 0,
    settledBelow: job.from === null ? firstUnfinished(state) : job.settledBelow,
    timeoutMs: hopMs(state, job),
  })
}

/** The source's lowest sequence that is still under way. */
function firstUnfinished({ jobs, nextSequence }: WorkState): number {
  let first = nextSequence
  for (const job of jobs.values()) {
    if (job.phase !== 'done' && job.phase !== 'lost') first = Math.min(first, job.id.sequence)
  }
  return first
}

function setTimer(step: Step, job: Job, delayMs: number): void {
  step.effects.push({ type: 'timer', id: timerId(job), delayMs })
}
