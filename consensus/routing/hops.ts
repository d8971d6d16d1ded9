/** Sending: which hop, what its answer means, when to turn to a sibling (round.md, "Work: lanes"). */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { BUSY_WAIT_SHARE, LATE_STAGE_SHARE, LATE_WAIT_SHARE } from './constants.ts'
import { abandon } from './giving-up.ts'
import { dropCopy, overdueJobs } from './hedging.ts'
import { hopOrder, laneMembers, laneOf } from './lanes.ts'
import { answerDeadlineMs, gradientDeadlineMs, hopTimeMs, markLate, missTrip, observeTrip } from './pace.ts'
import { disarm, type Job, paceContext, report, type Step, type Transfer, timerId, type WorkState } from './state.ts'
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
  job.tried.set(job.hop, state.nowMs)
  job.sentMs.set(job.hop, state.nowMs)
  job.phase = 'sent'
  job.transfer = transfer(step, job, job.hop, 'forward')
  setTimer(step, job, gradientMs(state, job, job.hop))
}

/** Sends the input's gradient to who sent the forward. */
export function sendBackward(step: Step, job: Job): void {
  if (job.from === null) return
  job.phase = 'returning'
  job.transfer = transfer(step, job, job.from, 'backward')
}

/** In the round's tail: second copies of what is later than usual. */
export function hedge(step: Step): void {
  const { state } = step
  for (const job of overdueJobs(step)) {
    const sibling = chooseHop(state, job)
    if (isInTrouble(state, sibling) || job.tried.has(sibling)) continue
    job.hedge = sibling
    job.tried.set(sibling, state.nowMs)
    state.hedged++
    job.hedgeTransfer = transfer(step, job, sibling, 'forward')
    report(step, 'hedged', job, sibling)
  }
}

export function onAnswered(step: Step, number: number, outcome: SendOutcome): void {
  const { state } = step
  const sent = state.transfers.get(number)
  const job = sent === undefined ? undefined : state.jobs.get(sent.key)
  state.transfers.delete(number)
  if (sent === undefined || job === undefined) return
  noteAnswer(state, sent, outcome)
  if (job.hedgeTransfer === number) {
    job.hedgeTransfer = 0
    onCopyAnswered(step, job, sent.to, outcome)
    return
  }
  if (job.transfer !== number) return
  job.transfer = 0
  if (job.phase === 'sent') onForwardAnswered(step, job, sent.to, outcome)
  else if (job.phase === 'returning') onBackwardAnswered(step, job, outcome)
}

export function onJobTimer(step: Step, job: Job): void {
  const { state } = step
  if (job.phase === 'waiting' && isAwaited(state, job)) stopAwaiting(step, job)
  else if (job.phase === 'waiting') sendForward(step, job)
  else if (job.phase === 'returning') sendBackward(step, job)
  else if (job.phase === 'sent' && job.hop !== null) {
    const { hop } = job
    // Not every stage has begun the round: it is nobody's fault that nothing comes back.
    if (!state.pipelineReady && state.phase === 'open') {
      setTimer(step, job, gradientMs(state, job, hop))
      return
    }
    if (state.pipelineReady) state.pace = markLate(missTrip(state.pace, 'gradient', hop), hop)
    state.down.add(hop)
    if (dropCopy(step, job, hop)) setTimer(step, job, gradientMs(state, job, job.hop))
    else reroute(step, job, { suspect: true })
  }
}

/** Every stage is in the round: what was sent before has its time from now on, and what nobody took is tried anew. */
export function beginAnew(step: Step): void {
  const { state } = step
  for (const job of [...state.jobs.values()]) {
    if (job.phase === 'sent' && job.hop !== null) {
      job.failures = 0
      const isParked = (job.tried.get(job.hop) ?? null) === null
      for (const [hop, sentAtMs] of job.tried) if (sentAtMs !== null) job.tried.set(hop, state.nowMs)
      setTimer(step, job, gradientMs(state, job, job.hop) + (isParked ? patienceMs(state) : 0))
    } else if (job.phase === 'waiting' && !isAwaited(state, job)) tryAnew(step, job)
  }
}

/** A hop is there again: what nobody took need not wait any longer. */
export function onReached(step: Step, peer: PeerName): void {
  const { state } = step
  const { lanes, stage } = state.context
  if (!(lanes.rankings[stage + 1] ?? []).includes(peer)) return
  for (const job of [...state.jobs.values()]) if (job.phase === 'waiting' && job.hop === null) tryAnew(step, job)
}

function tryAnew(step: Step, job: Job): void {
  job.failures = job.busy = job.late = job.lateMs = 0
  sendForward(step, job)
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
  const { hop } = job
  if (suspect && hop !== null) state.down.add(hop)
  disarm(step, job)
  const isBeyond = job.failures >= limits.retries
  // After the close the siblings refuse it as well; beyond the budget the sender of the forward may fare better.
  if (state.phase !== 'open' || (isBeyond && !isKept(state, job))) {
    abandon(step, job)
    return
  }
  if (!isBeyond) report(step, 'rerouted', job, hop)
  job.busy = job.late = job.lateMs = 0
  job.hop = job.hedge = null
  job.failures++
  if (job.failures === 1) {
    sendForward(step, job)
    return
  }
  job.phase = 'waiting'
  setTimer(step, job, hopMs(state, hop) * timing.backOff ** (Math.min(job.failures, limits.retries) - 2))
}

/**
 * Not given up whatever its budget: while the round has not begun in every stage, since nobody can finish it; and a source's own
 * while nobody of the next stage is reached, as no other peer can send it, and its quota would be used up in vain.
 */
function isKept({ context: { lanes, stage }, pipelineReady, down }: WorkState, job: Job): boolean {
  return !pipelineReady || (job.from === null && (lanes.rankings[stage + 1] ?? []).every(peer => down.has(peer)))
}

function onForwardAnswered(step: Step, job: Job, hop: PeerName, outcome: SendOutcome): void {
  const { state } = step
  const { limits, timing } = state.context
  let pause = 0
  if (outcome.kind !== 'accepted') job.tried.set(hop, null)
  if (outcome.kind !== 'accepted' && outcome.kind !== 'parked' && dropCopy(step, job, hop)) return
  switch (outcome.kind) {
    case 'accepted':
      state.down.delete(hop)
      break
    case 'parked':
      setTimer(step, job, gradientMs(state, job, hop) + patienceMs(state))
      break
    case 'busy':
      if (++job.busy > limits.busy) reroute(step, job, { suspect: false })
      else askAgain(step, job, hopMs(state, hop) * BUSY_WAIT_SHARE * timing.backOff ** (job.busy - 1))
      break
    case 'wait':
      // Its siblings are likely as late, so this is no reason to leave the lane, for a while.
      pause = Math.min(timing.hopMs, timing.hopMs * LATE_WAIT_SHARE * timing.backOff ** job.late++)
      job.lateMs += pause
      if (job.lateMs > patienceMs(state)) reroute(step, job, { suspect: false })
      else askAgain(step, job, pause)
      break
    case 'refused':
      // Not before it is connected anew, or takes something again.
      reroute(step, job, { suspect: outcome.refusal.refused === 'paused' })
      break
    case 'failed':
      reroute(step, job, { suspect: true })
      break
  }
}

/** A copy that is not taken is not tried elsewhere: the first hop is still at it. */
function onCopyAnswered(step: Step, job: Job, sibling: PeerName, { kind }: SendOutcome): void {
  if (kind === 'accepted') return
  job.tried.set(sibling, null)
  if (kind !== 'parked') dropCopy(step, job, sibling)
}

/** How long the peer took to answer, whatever it said; none in time counts as a miss. */
function noteAnswer(state: WorkState, { to, direction, atMs, timeoutMs }: Transfer, { kind }: SendOutcome): void {
  const tookMs = state.nowMs - atMs
  if (kind !== 'failed') state.pace = observeTrip(state.pace, direction, to, tookMs, paceContext(state))
  else if (tookMs >= timeoutMs) state.pace = missTrip(state.pace, direction, to)
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

function patienceMs({ context: { timing } }: WorkState): number {
  return timing.roundMs * LATE_STAGE_SHARE
}

function onBackwardAnswered(step: Step, job: Job, outcome: SendOutcome): void {
  const { state } = step
  if (outcome.kind === 'accepted') {
    job.phase = 'done'
    return
  }
  // A refusal is final: the sender of the forward has another gradient already, or has given up.
  if (outcome.kind === 'refused' || ++job.failures > state.context.limits.retries) {
    job.phase = 'done'
    report(step, 'undelivered', job, job.from)
    return
  }
  setTimer(step, job, answerMs(state, job, 'backward', job.from))
}

/**
 * The first hop in the order of the source's lane that this micro-batch has not tried, peers in trouble last; then they come
 * round again. What was re-routed in an earlier stage comes back to its lane here. What leaves its lane goes where it is
 * needed most: to a lane whose own sender is away, and which would have nothing to commit.
 */
function chooseHop(state: WorkState, job: Job): PeerName {
  const { context, down } = state
  const { late } = state.pace
  const lane = laneOf(context.lanes, 0, job.id.source) ?? state.lane
  const order = hopOrder(context.lanes, lane, context.stage + 1, job.id.sequence)
  const own = laneMembers(context.lanes, lane, context.stage + 1)
  const probed = own.filter(peer => !isHolding(state, peer))
  const rank = (peer: PeerName): number =>
    (job.tried.has(peer) ? 8 : 0) +
    (down.has(peer) ? 4 : 0) +
    (late.has(peer) && !probed.includes(peer) ? 2 : 0) +
    (own.includes(peer) || isOrphan(state, peer) ? 0 : 1)
  const hop = leastBy(order, rank)
  if (hop === undefined) throw new RangeError(`no stage ${context.stage + 1}`)
  return job.tried.size < order.length ? hop : order[job.failures % order.length]!
}

/** The first of those whose number is the least. It is mostly the first of all: nothing is below 0. */
function leastBy(peers: readonly PeerName[], numberOf: (peer: PeerName) => number): PeerName | undefined {
  let found: PeerName | undefined
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at < peers.length && least > 0; at++) {
    const number = numberOf(peers[at]!)
    if (number >= least) continue
    least = number
    found = peers[at]
  }
  return found
}

/** Nobody of this stage is there to send it its own lane's. */
function isOrphan({ context: { lanes, stage, silent }, down }: WorkState, hop: PeerName): boolean {
  const lane = laneOf(lanes, stage + 1, hop)
  return lane !== null && laneMembers(lanes, lane, stage).every(peer => down.has(peer) || silent.includes(peer))
}

/** Has it a micro-batch of ours that it did not give back? */
function isHolding({ jobs }: WorkState, peer: PeerName): boolean {
  for (const { tried } of jobs.values()) if ((tried.get(peer) ?? null) !== null) return true
  return false
}

function isInTrouble({ down, pace }: WorkState, peer: PeerName): boolean {
  return down.has(peer) || pace.late.has(peer)
}

/** How long a gradient may take from a hop, longer after every failure. */
function gradientMs(state: WorkState, job: Job, hop: PeerName | null): number {
  const backOff = backOffOf(state, job)
  return hop === null ? 0 : gradientDeadlineMs(state.pace, hop, paceContext(state)) * backOff
}

function answerMs(state: WorkState, job: Job, direction: Transfer['direction'], peer: PeerName | null): number {
  const backOff = backOffOf(state, job)
  return peer === null ? 0 : answerDeadlineMs(state.pace, direction, peer, paceContext(state)) * backOff
}

function backOffOf({ context: { timing, limits } }: WorkState, { failures }: Job): number {
  return timing.backOff ** Math.min(failures, limits.retries)
}

function hopMs(state: WorkState, hop: PeerName | null): number {
  return hop === null ? state.context.timing.hopMs : hopTimeMs(state.pace, hop, paceContext(state))
}

function transfer(step: Step, job: Job, to: PeerName, direction: 'forward' | 'backward'): number {
  const { state, effects } = step
  const tensor = direction === 'forward' ? job.output : job.result
  if (tensor === null) throw new Error(`${job.key}: nothing to send ${direction}`)
  const number = ++state.lastTransfer
  const timeoutMs = answerMs(state, job, direction, to)
  state.transfers.set(number, { key: job.key, to, direction, atMs: state.nowMs, timeoutMs })
  effects.push({
    type: 'send',
    transfer: number,
    to,
    direction,
    id: job.id,
    tensor,
    lossMicronats: direction === 'backward' ? job.lossMicronats : 0,
    settledBelow: job.from === null ? firstUnfinished(state) : job.settledBelow,
    timeoutMs,
  })
  return number
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
