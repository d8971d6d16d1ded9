/**
 * Which seats are slow, as the neighbours in their lanes measured them (README.md, "Lanes of like speeds"). What a hop says of
 * itself or of its siblings does not count. Pure, and whole milliseconds only, so that every peer finds the same.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { FARTHEST, HELD_FACTOR, MOST_CHANGE, SLOW_FACTOR, STILL_SLOW_FACTOR, TOLD_FACTOR } from './constants.ts'
import { type Lanes, laneMembers, laneOf } from './lanes.ts'
import { type Measures, usualMs } from './measures.ts'
import { lowerMedianOrNull } from './median.ts'
import type { SpeedsReport } from './speeds-report.ts'

/** By seat, at least 1 ms each. */
export type TimesMs = ReadonlyMap<PeerName, number>

/** What one peer measured of a neighbour in an epoch. */
export interface Told {
  readonly ms: number
  /** Nothing came back: it took longer than that. */
  readonly isAtLeast: boolean
}

export type ToldTimes = ReadonlyMap<PeerName, Told>

export interface Speeds {
  /** One micro-batch's time at each seat that was measured. */
  readonly timesMs: TimesMs
  readonly slow: ReadonlySet<PeerName>
}

export const NO_SPEEDS: Speeds = { timesMs: new Map(), slow: new Set() }

export interface EpochReports {
  /** Of the epoch in which was measured. */
  readonly lanes: Lanes
  /** By who measured. */
  readonly reports: ReadonlyMap<PeerName, ToldTimes>
  /** Of the next epoch. */
  readonly stageOf: ReadonlyMap<PeerName, number>
}

/**
 * Of the two epochs before, the older one first, since a stage may be a little behind; of several reports of a peer the last.
 * @param posted - in chain order, of the blocks between the beacon of the epoch before and that of `epoch`
 */
export function reportsByEpoch(
  posted: readonly { readonly peer: PeerName; readonly report: SpeedsReport }[],
  epoch: number,
): readonly { readonly epoch: number; readonly reports: ReadonlyMap<PeerName, ToldTimes> }[] {
  return [epoch - 2, epoch - 1].flatMap(of => {
    const reports = new Map(
      posted.flatMap(({ peer, report }) => (report.epoch === of ? [[peer, report.times] as const] : [])),
    )
    return of < 0 || reports.size === 0 ? [] : [{ epoch: of, reports }]
  })
}

/** What the reports of an epoch make of what was known before; what nobody reported stays as it was. */
export function nextSpeeds(
  { timesMs: before, slow: wasSlow }: Speeds,
  { lanes, reports, stageOf }: EpochReports,
): Speeds {
  const timesMs = new Map([...before].filter(([peer]) => laneOfSeat(lanes, stageOf, peer) !== null))
  const atLeast = new Map<PeerName, number>()
  // From the head upwards, since a hop's time is what its lap takes beyond the way below it.
  for (let stage = lanes.rankings.length - 1; stage >= 0; stage--) {
    for (const peer of lanes.rankings[stage] ?? []) {
      const lane = laneOfSeat(lanes, stageOf, peer)
      const took = lane === null ? null : timeOf({ lanes, reports, timesMs }, lane, stage, peer)
      const knownMs = timesMs.get(peer)
      if (took === null) continue
      if (took.isAtLeast && knownMs === undefined) atLeast.set(peer, took.ms)
      else timesMs.set(peer, nearer(took.isAtLeast ? Math.max(took.ms, knownMs!) : took.ms, knownMs ?? took.ms))
    }
  }
  // Of who is not known a part of its time says that it is slow, never that it is not.
  const usualOf = usualByStage(timesMs, stageOf)
  for (const [peer, ms] of atLeast) if (ms > SLOW_FACTOR * (usualOf(peer) ?? ms)) timesMs.set(peer, ms)
  const bounded = within(timesMs, stageOf)
  return { timesMs: bounded, slow: slowOf(bounded, wasSlow, stageOf) }
}

/**
 * What to tell of the measures of an epoch; null where the times so far say it all. With machines that stay as they are lanes change
 * and times do not. What was not given back counts only where that alone is longer than expected.
 */
export function toTell(
  { roundsMs, atLeastMs }: Measures,
  { timesMs }: Speeds,
  lanes: Lanes,
  stage: number,
  self: PeerName,
): ToldTimes | null {
  const lane = laneOf(lanes, stage, self)
  if (lane === null) return null
  const expectedOf = (peer: PeerName) => expected({ lanes, timesMs }, lane, stage, self, peer) ?? Number.NaN
  const isLonger = (ms: number, than: number) => !(ms <= TOLD_FACTOR * than)
  const measured = usualMs(roundsMs)
  const held = [...usualMs(atLeastMs)].filter(
    ([peer, ms]) => !measured.has(peer) && !(ms <= HELD_FACTOR * expectedOf(peer)),
  )
  const isNews = [...measured].some(([peer, ms]) => isLonger(ms, expectedOf(peer)) || isLonger(expectedOf(peer), ms))
  if (!isNews && held.length === 0) return null
  const told =
    (isAtLeast: boolean) =>
    ([peer, ms]: readonly [PeerName, number]): [PeerName, Told] => [peer, { ms, isAtLeast }]
  return new Map([...[...measured].map(told(false)), ...held.map(told(true))])
}

type Known = Pick<EpochReports, 'lanes'> & Pick<Speeds, 'timesMs'>

/** What this peer would measure of a neighbour in its lane; null where that is not known. */
function expected(known: Known, lane: number, stage: number, self: PeerName, peer: PeerName): number | null {
  const { timesMs, lanes } = known
  const of = lanes.rankings.findIndex(ranking => ranking.includes(peer))
  if (of === 0) return timesMs.get(peer) ?? null
  const from = of > stage ? peer : self
  const ownMs = timesMs.get(from)
  const belowMs = wayBelow(known, lane, Math.max(of, stage))
  return ownMs === undefined || belowMs === null ? null : ownMs + belowMs
}

function timeOf(
  known: Known & Pick<EpochReports, 'reports'>,
  lane: number,
  stage: number,
  peer: PeerName,
): Told | null {
  const { lanes } = known
  const said = (by: number): Told | null => {
    const all = laneMembers(lanes, lane, by).flatMap(other => known.reports.get(other)?.get(peer) ?? [])
    const ms = lowerMedianOrNull(all.map(told => told.ms))
    return all.find(told => told.ms === ms) ?? null
  }
  if (stage === 0) return said(1)
  const lap = said(stage - 1)
  const belowMs = stage === lanes.rankings.length - 1 ? 0 : (said(stage + 1)?.ms ?? wayBelow(known, lane, stage))
  return lap === null || belowMs === null ? null : { ...lap, ms: Math.max(1, lap.ms - belowMs) }
}

/** What a lane's hops after this stage take together. */
function wayBelow({ lanes, timesMs }: Known, lane: number, stage: number): number | null {
  let sumMs = 0
  for (let below = stage + 1; below < lanes.rankings.length; below++) {
    const hopMs = lowerMedianOrNull(laneMembers(lanes, lane, below).flatMap(peer => timesMs.get(peer) ?? []))
    if (hopMs === null) return null
    sumMs += hopMs
  }
  return sumMs
}

/** A time moves by a factor at most in an epoch: what is known is not upset by one liar, or by one epoch's queues. */
function nearer(tookMs: number, knownMs: number): number {
  return Math.min(Math.max(tookMs, Math.ceil(knownMs / MOST_CHANGE)), MOST_CHANGE * knownMs)
}

/** So far from the median of the stage at most: else one lie about who is not known yet would last for many epochs. */
function within(timesMs: TimesMs, stageOf: ReadonlyMap<PeerName, number>): TimesMs {
  const usualOf = usualByStage(timesMs, stageOf)
  return new Map(
    [...timesMs].map(([peer, ms]) => {
      const usual = usualOf(peer) ?? ms
      return [peer, Math.min(Math.max(ms, Math.ceil(usual / FARTHEST)), FARTHEST * usual)]
    }),
  )
}

/** Slow is who takes much longer than the median of its stage; who was slow stays so a little longer. */
function slowOf(
  timesMs: TimesMs,
  wasSlow: ReadonlySet<PeerName>,
  stageOf: ReadonlyMap<PeerName, number>,
): Set<PeerName> {
  const usualOf = usualByStage(timesMs, stageOf)
  const isSlow = ([peer, ms]: readonly [PeerName, number]): boolean =>
    ms > (wasSlow.has(peer) ? STILL_SLOW_FACTOR : SLOW_FACTOR) * (usualOf(peer) ?? ms)
  return new Set([...timesMs].filter(isSlow).map(([peer]) => peer))
}

/** The lower median of the measured seats of a peer's stage. */
function usualByStage(timesMs: TimesMs, stageOf: ReadonlyMap<PeerName, number>): (peer: PeerName) => number | null {
  const byStage = new Map<number | undefined, number[]>()
  for (const [peer, ms] of timesMs) {
    const stage = stageOf.get(peer)
    byStage.set(stage, [...(byStage.get(stage) ?? []), ms])
  }
  const usual = new Map([...byStage].map(([stage, times]) => [stage, lowerMedianOrNull(times)]))
  return peer => usual.get(stageOf.get(peer)) ?? null
}

/** Null where the peer has not the same stage in the next epoch: what it took there says nothing of another one. */
function laneOfSeat(lanes: Lanes, stageOf: ReadonlyMap<PeerName, number>, peer: PeerName): number | null {
  const stage = stageOf.get(peer)
  return stage === undefined ? null : laneOf(lanes, stage, peer)
}
