/**
 * What a peer measures of the two neighbours in its lane, for the lanes of later epochs (README.md, "Lanes of like speeds"):
 * of the next hop how long a gradient took from there, of the hop before how long it waited for one here, of a source how
 * long it works on a micro-batch. The least of each round, so that queues count little; the median of some rounds.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { LATE_HELD_SHARE, LEAST_ROUNDS, MEASURED_ROUNDS } from './constants.ts'
import { isOnLane, laneOf } from './lanes.ts'
import { lowerMedianOrNull } from './median.ts'
import { type SourceWatch, sourceArrived, sourceGiven, sourceLost, sourceMs } from './source-watch.ts'
import { isOpen, type Job, type WorkState } from './state.ts'

/** Milliseconds by neighbour, a value a round; of one epoch, since another one has other lanes. */
export interface Measures {
  readonly epoch: number
  readonly roundsMs: Rounds
  /** Of what did not come back: it took at least so long. */
  readonly atLeastMs: Rounds
}

type Rounds = ReadonlyMap<PeerName, readonly number[]>

/** Of the round in progress. */
export interface RoundMeasures {
  /** The least time of each hop of the lane. */
  readonly leastMs: Map<PeerName, number>
  readonly sources: Map<PeerName, SourceWatch>
}

export function newMeasures(epoch: number): Measures {
  return { epoch, roundsMs: new Map(), atLeastMs: new Map() }
}

export function newRoundMeasures(): RoundMeasures {
  return { leastMs: new Map(), sources: new Map() }
}

/** What several rounds say, in whole milliseconds. */
export function usualMs(rounds: Rounds): ReadonlyMap<PeerName, number> {
  return new Map(
    [...rounds].flatMap(([peer, values]) => {
      const ms = values.length < LEAST_ROUNDS ? null : lowerMedianOrNull(values)
      return ms === null ? [] : [[peer, Math.max(1, Math.round(ms))]]
    }),
  )
}

/** A gradient came, be it too late. */
export function noteHopLap({ context, lane, measures, nowMs }: WorkState, job: Job, path: readonly PeerName[]): void {
  const hop = path[context.stage + 1]
  const sentMs = hop === undefined ? undefined : job.sentMs.get(hop)
  if (hop === undefined || sentMs === undefined || !isOnLane(context.lanes, lane, path)) return
  noteLeast(measures, hop, nowMs - sentMs)
}

/** A forward was taken from the stage before. */
export function noteTaken(state: WorkState, job: Job, settledBelow: number, wasParked: boolean): void {
  const { measures, nowMs } = state
  if (!isOfSource(state, job)) return
  const watch = measures.sources.get(job.id.source) ?? null
  const held = countHeld(state, job.id.source)
  measures.sources.set(
    job.id.source,
    sourceArrived(watch, { held, sequence: job.id.sequence, settledBelow, nowMs, wasParked }),
  )
}

/** The gradient is ready for who sent the forward. */
export function noteGiven(state: WorkState, job: Job): void {
  const { context, lane, measures, nowMs } = state
  const { from } = job
  if (from === null) return
  if (context.stage > 1 && isOnLane(context.lanes, lane, job.holders)) noteLeast(measures, from, nowMs - job.beganAtMs)
  const watch = measures.sources.get(from)
  if (watch !== undefined) measures.sources.set(from, sourceGiven(watch, countHeld(state, from), nowMs))
}

/** It goes to a sibling. */
export function noteAbandoned({ measures }: WorkState, { from }: Job): void {
  const watch = from === null ? undefined : measures.sources.get(from)
  if (from !== null && watch !== undefined) measures.sources.set(from, sourceLost(watch))
}

/** The round has closed. What was with a hop for long and did not come back took at least that long. */
export function addRound(state: WorkState): Measures {
  const { epoch, roundsMs, atLeastMs } = state.pace.measures
  const { leastMs, sources } = state.measures
  const ofSources = [...sources].flatMap(([peer, watch]): [PeerName, number][] => {
    const ms = sourceMs(watch)
    return ms === null ? [] : [[peer, ms]]
  })
  const held = [...heldMs(state)].filter(([peer]) => !leastMs.has(peer))
  return { epoch, roundsMs: withRound(roundsMs, [...leastMs, ...ofSources]), atLeastMs: withRound(atLeastMs, held) }
}

function withRound(rounds: Rounds, values: readonly (readonly [PeerName, number])[]): Rounds {
  const added = new Map(rounds)
  for (const [peer, ms] of values) added.set(peer, [...(added.get(peer) ?? []), ms].slice(-MEASURED_ROUNDS))
  return added
}

/** How long a hop of the lane has had what it did not give back, and what came from one waits here: of the longest. */
function heldMs({ context, lane, jobs, nowMs, openedAtMs }: WorkState): ReadonlyMap<PeerName, number> {
  const held = new Map<PeerName, number>()
  const add = (peer: PeerName, sinceMs: number): void => {
    const ms = nowMs - sinceMs
    if (ms > LATE_HELD_SHARE * (nowMs - openedAtMs)) held.set(peer, Math.max(held.get(peer) ?? 0, ms))
  }
  for (const job of jobs.values()) {
    const { from, path, tried, beganAtMs } = job
    if (!isOnLane(context.lanes, lane, path)) continue
    for (const [hop, sentAtMs] of tried)
      if (sentAtMs !== null && laneOf(context.lanes, context.stage + 1, hop) === lane) add(hop, sentAtMs)
    if (from !== null && context.stage > 1 && isOpen(job)) add(from, beganAtMs)
  }
  return held
}

function isOfSource({ context, lane }: WorkState, { from, id }: Job): boolean {
  return context.stage === 1 && from === id.source && laneOf(context.lanes, 0, id.source) === lane
}

/** Micro-batches of the source that are here and not yet given back. */
function countHeld({ jobs }: WorkState, source: PeerName): number {
  let count = 0
  for (const job of jobs.values()) if (job.from === source && isOpen(job)) count++
  return count
}

function noteLeast({ leastMs }: RoundMeasures, peer: PeerName, ms: number): void {
  leastMs.set(peer, Math.min(leastMs.get(peer) ?? Number.POSITIVE_INFINITY, ms))
}
