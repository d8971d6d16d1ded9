/**
 * What a peer has measured of its neighbours, its drains and its rounds, and the deadlines that follow. It outlives the
 * rounds; the manifest's time-outs are what it starts from. Each neighbour has estimates of its own, so who answers slowly
 * raises nobody else's.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { IN_TIME_FACTOR, PACE_SHARES } from './constants.ts'
import { deadlineMs, type Estimate, type EstimateBounds, miss, NO_ESTIMATE, observe, usualMs } from './estimate.ts'
import { type Measures, newMeasures } from './measures.ts'
import { lowerMedianOrNull } from './median.ts'
import type { WorkTiming } from './types.ts'

/** From a tensor's departure to the answer, forward and backward; from an activation's departure to its gradient. */
export type Trip = 'forward' | 'backward' | 'gradient'

export interface Pace {
  readonly trips: Readonly<Record<Trip, ReadonlyMap<PeerName, Estimate>>>
  /** From the close to the last micro-batch that came home. */
  readonly drain: Estimate
  /** From the moment when every stage is in the round to its close at the target. */
  readonly round: Estimate
  /** Hops that let a deadline pass: one micro-batch at a time goes there, until one comes back in good time. */
  readonly late: ReadonlySet<PeerName>
  /** Micro-batches that the own source has in flight. */
  readonly window: number
  /** Of the neighbours in the own lane. */
  readonly measures: Measures
}

/** Where a peer stands, for the bounds of its deadlines. */
export interface PaceContext {
  readonly timing: WorkTiming
  /** Stages after the own one. */
  readonly below: number
}

/** @param window - micro-batches in flight at first */
export function createPace(window: number): Pace {
  const trips = { forward: new Map(), backward: new Map(), gradient: new Map() }
  return { trips, drain: NO_ESTIMATE, round: NO_ESTIMATE, late: new Set(), window, measures: newMeasures(-1) }
}

export function observeTrip(pace: Pace, trip: Trip, peer: PeerName, durationMs: number, context: PaceContext): Pace {
  const estimate = observe(estimateOf(pace, trip, peer), durationMs, tripBounds(trip, context))
  const usualMs = trip === 'gradient' ? othersUsualMs(pace, peer) : null
  const isInTime = usualMs !== null && durationMs <= IN_TIME_FACTOR * usualMs
  const late = isInTime && pace.late.has(peer) ? without(pace.late, peer) : pace.late
  return { ...withTrip(pace, trip, peer, estimate), late }
}

export function missTrip(pace: Pace, trip: Trip, peer: PeerName): Pace {
  return withTrip(pace, trip, peer, miss(estimateOf(pace, trip, peer)))
}

export function markLate(pace: Pace, peer: PeerName): Pace {
  return pace.late.has(peer) ? pace : { ...pace, late: new Set([...pace.late, peer]) }
}

/** Forgets who is no neighbour any more. */
export function keepNeighbours(pace: Pace, neighbours: ReadonlySet<PeerName>): Pace {
  const kept = (trip: Trip) => new Map([...pace.trips[trip]].filter(([peer]) => neighbours.has(peer)))
  return {
    ...pace,
    trips: { forward: kept('forward'), backward: kept('backward'), gradient: kept('gradient') },
    late: new Set([...pace.late].filter(peer => neighbours.has(peer))),
  }
}

export function observeDrain(pace: Pace, durationMs: number, context: PaceContext): Pace {
  return { ...pace, drain: observe(pace.drain, durationMs, drainBounds(context)) }
}

export function missDrain(pace: Pace): Pace {
  return { ...pace, drain: miss(pace.drain) }
}

export function observeRound(pace: Pace, durationMs: number, context: PaceContext): Pace {
  return { ...pace, round: observe(pace.round, durationMs, roundBounds(context)) }
}

export function missRound(pace: Pace): Pace {
  return { ...pace, round: miss(pace.round) }
}

/** How long a peer may take to answer a tensor. */
export function answerDeadlineMs(
  pace: Pace,
  trip: 'forward' | 'backward',
  peer: PeerName,
  context: PaceContext,
): number {
  return deadlineMs(estimateOf(pace, trip, peer), tripBounds(trip, context))
}

/**
 * How long a gradient may take. With h stages below, and hops alike, the way there and back is 2h hops, and one recovery
 * anywhere below makes it D(h) = D(h - 1) + 2h = h(h + 1) hops, so that the nearest sender re-routes and those above it wait.
 */
export function gradientDeadlineMs(pace: Pace, peer: PeerName, context: PaceContext): number {
  const estimate = estimateOf(pace, 'gradient', peer)
  const common = commonTripMs(pace, peer, context) ?? tripBounds('gradient', context).baseMs
  const isTrusted = estimate.smoothedMs !== null && !pace.late.has(peer)
  const own = deadlineMs(estimate, tripBounds('gradient', context))
  return ((context.below + 1) / 2) * (isTrusted ? own : Math.min(own, common))
}

/** When a gradient is later than usual, though not yet given up; null where nothing is known. */
export function overdueMs(pace: Pace, peer: PeerName, deviations: number, context: PaceContext): number | null {
  const bounds = tripBounds('gradient', context)
  const usual = usualMs(estimateOf(pace, 'gradient', peer), deviations, bounds)
  const commonMs = commonTripMs(pace, peer, context) ?? bounds.mostMs
  return usual === null ? null : Math.max(bounds.leastMs / 2, Math.min(usual, commonMs))
}

/** One hop's time as it is now, by the way there and back through a peer. */
export function hopTimeMs(pace: Pace, peer: PeerName, context: PaceContext): number {
  const ways = 2 * Math.max(1, context.below)
  return deadlineMs(estimateOf(pace, 'gradient', peer), tripBounds('gradient', context)) / ways
}

export function drainDeadlineMs(pace: Pace, context: PaceContext): number {
  return deadlineMs(pace.drain, drainBounds(context))
}

export function roundDeadlineMs(pace: Pace, context: PaceContext): number {
  return deadlineMs(pace.round, roundBounds(context))
}

/** What the other hops allow themselves, by their median; null where none was measured. */
function commonTripMs(pace: Pace, peer: PeerName, context: PaceContext): number | null {
  const bounds = tripBounds('gradient', context)
  return lowerMedianOrNull(othersInTime(pace, peer, estimate => deadlineMs({ ...estimate, misses: 0 }, bounds)))
}

/**
 * What the other hops take. Where all are late, as after a stage below them was away, they are compared with each other: else none
 * of them would ever be in time again. Where no other was measured there is nothing to compare with: what leaves it now will tell.
 */
function othersUsualMs(pace: Pace, peer: PeerName): number | null {
  const usual = ({ smoothedMs }: Estimate): number => smoothedMs ?? 0
  return lowerMedianOrNull(othersInTime(pace, peer, usual)) ?? lowerMedianOrNull(others(pace, peer, usual))
}

/** Of the measured hops but one, without those that are late. */
function othersInTime(pace: Pace, peer: PeerName, measure: (estimate: Estimate) => number): readonly number[] {
  return others(pace, peer, measure, pace.late)
}

function others(
  { trips }: Pace,
  peer: PeerName,
  measure: (estimate: Estimate) => number,
  without: ReadonlySet<PeerName> = new Set(),
): readonly number[] {
  return [...trips.gradient].flatMap(([other, estimate]) =>
    other === peer || without.has(other) || estimate.smoothedMs === null ? [] : [measure(estimate)],
  )
}

function estimateOf(pace: Pace, trip: Trip, peer: PeerName): Estimate {
  return pace.trips[trip].get(peer) ?? NO_ESTIMATE
}

function withTrip(pace: Pace, trip: Trip, peer: PeerName, estimate: Estimate): Pace {
  return { ...pace, trips: { ...pace.trips, [trip]: new Map([...pace.trips[trip], [peer, estimate]]) } }
}

function without(peers: ReadonlySet<PeerName>, peer: PeerName): ReadonlySet<PeerName> {
  return new Set([...peers].filter(other => other !== peer))
}

function tripBounds(trip: Trip, { timing, below }: PaceContext): EstimateBounds {
  if (trip !== 'gradient') return bounds(timing.hopMs, 'answer', timing)
  return bounds(2 * Math.max(1, below) * timing.hopMs, 'gradient', timing)
}

function drainBounds({ timing, below }: PaceContext): EstimateBounds {
  return bounds((below + 1) * timing.drainMs, 'drain', timing)
}

function roundBounds({ timing }: PaceContext): EstimateBounds {
  return bounds(timing.roundMs, 'round', timing)
}

function bounds(baseMs: number, of: keyof typeof PACE_SHARES, { backOff }: WorkTiming): EstimateBounds {
  const { least, most, spread } = PACE_SHARES[of]
  return { baseMs, leastMs: least * baseMs, mostMs: most * baseMs, spread, backOff }
}
