/**
 * Lanes of like speeds: an order of each stage's seats by how much of the certified work of an epoch they did, coarse enough
 * that noise does not reshuffle it, and salted inside a class. Pure integers, so that all who hold the same certificates
 * have the same lanes.
 */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { type Lanes, laneMembers, laneOf, makeLanes } from './lanes.ts'

/** 0: as quick as most. Each further class is half as quick; {@link SLOWEST} and slower are one. */
export type SpeedClasses = ReadonlyMap<PeerName, number>

export interface EpochWork {
  /** Of the epoch that was measured. */
  readonly lanes: Lanes
  /** For each stage, micro-batches that its seats were paid for (`consensus/contribution`); a seat that is missing did none. */
  readonly paid: readonly ReadonlyMap<PeerName, number>[]
}

/** An eighth of the median and less: such a peer commits nothing, so that counts say no more about it. */
export const SLOWEST = 3

/**
 * Classes after an epoch. A hop whose lane's sources explain why it did so little keeps the class it had: it was not
 * measured. Seats without a class count as quick.
 */
export function speedClasses(before: SpeedClasses, { lanes, paid }: EpochWork): SpeedClasses {
  const classes = new Map<PeerName, number>()
  const sources = stageClasses(lanes, paid, 0)
  for (let stage = 0; stage < lanes.rankings.length; stage++) {
    for (const [peer, measured] of stageClasses(lanes, paid, stage)) {
      const lane = laneOf(lanes, stage, peer) ?? 0
      const quickest = Math.min(...laneMembers(lanes, lane, 0).map(source => sources.get(source) ?? 0))
      const isExplained = stage > 0 && quickest > 0 && measured <= quickest
      classes.set(peer, isExplained ? (before.get(peer) ?? 0) : measured)
    }
  }
  return classes
}

/** The same seats, the quick ones in the first lanes; the salted order decides within a class. */
export function pairedLanes({ rankings }: Lanes, classes: SpeedClasses): Lanes {
  const classOf = (peer: PeerName): number => classes.get(peer) ?? 0
  return makeLanes(rankings.map(ranking => ranking.toSorted((a, b) => classOf(a) - classOf(b))))
}

function stageClasses(lanes: Lanes, paid: EpochWork['paid'], stage: number): ReadonlyMap<PeerName, number> {
  const seats = lanes.rankings[stage] ?? []
  const counts = seats.map(peer => paid[stage]?.get(peer) ?? 0)
  const median = counts.toSorted((a, b) => a - b)[Math.floor(counts.length / 2)] ?? 0
  return new Map(seats.map((peer, index) => [peer, classOfCount(counts[index]!, median)]))
}

/** How often a count must be doubled to reach three quarters of the median. */
function classOfCount(count: number, median: number): number {
  let speed = 0
  for (let doubled = count; speed < SLOWEST && 4 * doubled < 3 * median; doubled *= 2) speed++
  return speed
}
