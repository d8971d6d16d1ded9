/**
 * Lanes: with free routing one liar in a stage touches almost every micro-batch; in lanes it touches only its own
 * (round.md, "Why lanes"). For a whole epoch the k-th replica of each stage, in the ranking salted "lane", belongs to lane
 * k modulo the smallest stage.
 */
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { ROLES, rankByHash } from '../election/ranking.ts'
import type { Seat } from '../election/types.ts'

export interface Lanes {
  /** Number of lanes: the size of the smallest stage. */
  readonly count: number
  /** For each stage its seats, in the order of the ranking salted "lane". */
  readonly rankings: readonly (readonly PeerName[])[]
}

/**
 * @param rankings - for each stage its seats, ranked with the salt "lane" (`consensus/election`). No stage is empty.
 */
export function makeLanes(rankings: readonly (readonly PeerName[])[]): Lanes {
  const count = Math.min(...rankings.map(ranking => ranking.length))
  if (!(count > 0) || count === Number.POSITIVE_INFINITY) throw new RangeError('every stage needs at least one replica')
  return { count, rankings }
}

/**
 * The lanes of an epoch.
 * @param groups - the seats of every stage, in order
 * @param slow - seats that take the last lanes (speeds.ts)
 */
export function epochLanes(
  draw: { readonly beacon: Hash; readonly run: ContentId },
  groups: readonly { readonly seats: readonly Pick<Seat, 'peer'>[] }[],
  slow: ReadonlySet<PeerName> = new Set(),
): Lanes {
  const count = Math.min(...groups.map(({ seats }) => seats.length))
  const rankings = groups.map((group, stage) =>
    rankByHash(
      { ...draw, stage, round: 0, role: ROLES.lane },
      group.seats.map(seat => seat.peer),
    ),
  )
  return makeLanes(rankings.map(ranking => slowLast(ranking, slow, count)))
}

/** The same seats; slow ones have the places of the last lanes, and each sort keeps its order among itself. */
function slowLast(ranking: readonly PeerName[], slow: ReadonlySet<PeerName>, count: number): readonly PeerName[] {
  const last = ranking.filter(peer => slow.has(peer))
  if (last.length === 0) return ranking
  const places = ranking.map((_, place) => place).sort((a, b) => (b % count) - (a % count) || b - a)
  const taken = places.slice(0, last.length).sort((a, b) => (a % count) - (b % count) || a - b)
  const ordered: PeerName[] = [...ranking]
  for (const [index, place] of taken.entries()) ordered[place] = last[index]!
  const free = ranking.filter(peer => !slow.has(peer))
  for (let place = 0; place < ordered.length; place++) if (!taken.includes(place)) ordered[place] = free.shift()!
  return ordered
}

/** The lane of a stage's replica, or null where it has no seat there. */
export function laneOf(lanes: Lanes, stage: number, peer: PeerName): number | null {
  return seatLanesOf(lanes)[stage]?.get(peer) ?? null
}

/** The replicas of a lane in a stage: one, or several where the stage is larger than the smallest. */
export function laneMembers(lanes: Lanes, lane: number, stage: number): readonly PeerName[] {
  return lanesOf(lanes)[stage]?.[lane] ?? NOBODY
}

/**
 * All replicas of a stage in the order in which a sender of `lane` tries them: first its own lane's, rotated by `spread`
 * (the sequence) so that they share the work; then the next lanes', so that the senders of a failed replica's lane do not
 * all turn to the same sibling as those of another.
 */
export function hopOrder(lanes: Lanes, lane: number, stage: number, spread: number): readonly PeerName[] {
  const order: PeerName[] = []
  for (let step = 0; step < lanes.count; step++) {
    const members = laneMembers(lanes, (lane + step) % lanes.count, stage)
    for (let index = 0; index < members.length; index++) order.push(members[(index + spread) % members.length]!)
  }
  return order
}

/** Where a sender of `lane` sends its micro-batch `sequence` while nothing fails. */
export function nextHop(lanes: Lanes, lane: number, stage: number, sequence: number): PeerName {
  const hop = hopOrder(lanes, lane, stage, sequence)[0]
  if (hop === undefined) throw new RangeError(`no stage ${stage}`)
  return hop
}

/** True where every holder is of the lane: anything else goes into the second accumulator. */
export function isOnLane(lanes: Lanes, lane: number, path: readonly PeerName[]): boolean {
  return path.length === 0 || laneOfPath(lanes, path) === lane
}

/** True where every holder has a seat in its stage. */
export function isSeatedPath(lanes: Lanes, path: readonly PeerName[]): boolean {
  return path.length === 0 || laneOfPath(lanes, path) !== NO_SEAT
}

/** Several lanes, and a holder without a seat: no lanes. */
const MIXED = -1
const NO_SEAT = -2

/** The one lane of all holders. A path is as long as the model is deep, and is asked about whenever room is looked for: walked once. */
function laneOfPath(lanes: Lanes, path: readonly PeerName[]): number {
  const known = PATHS.get(path)
  if (known?.lanes === lanes) return known.lane
  const lane = walk(lanes, path)
  PATHS.set(path, { lanes, lane })
  return lane
}

function walk(lanes: Lanes, path: readonly PeerName[]): number {
  let common: number | null = null
  for (let stage = 0; stage < path.length; stage++) {
    const lane = laneOf(lanes, stage, path[stage]!)
    if (lane === null) return NO_SEAT
    if (common === null) common = lane
    else if (common !== lane) common = MIXED
  }
  return common ?? MIXED
}

/** For each stage the lane of each seat: with hundreds of stages a look through the ranking of each would be most of the work. */
function seatLanesOf(lanes: Lanes): readonly ReadonlyMap<PeerName, number>[] {
  const known = SEAT_LANES.get(lanes)
  if (known !== undefined) return known
  const made = lanes.rankings.map(ranking => new Map(ranking.map((peer, rank) => [peer, rank % lanes.count])))
  SEAT_LANES.set(lanes, made)
  return made
}

/** For each stage the members of each lane: asked for at every hop. */
function lanesOf(lanes: Lanes): readonly (readonly (readonly PeerName[])[])[] {
  const known = LANE_MEMBERS.get(lanes)
  if (known !== undefined) return known
  const all = Array.from({ length: lanes.count }, (_, lane) => lane)
  const made = lanes.rankings.map(ranking => all.map(lane => ranking.filter((_, rank) => rank % lanes.count === lane)))
  LANE_MEMBERS.set(lanes, made)
  return made
}

const NOBODY: readonly PeerName[] = []

/** Derived from what does not change. */
const LANE_MEMBERS = new WeakMap<Lanes, readonly (readonly (readonly PeerName[])[])[]>()
const SEAT_LANES = new WeakMap<Lanes, readonly ReadonlyMap<PeerName, number>[]>()
const PATHS = new WeakMap<readonly PeerName[], { readonly lanes: Lanes; readonly lane: number }>()

/** Micro-batches that a source may settle in a round: ceil(target / n * slack). */
export function sourceQuota(target: number, sources: number, slack: number): number {
  // The tolerance keeps 8 / 4 * 1.5 at 3 on every machine: the product is exact in binary far below this.
  return Math.ceil((target * slack) / sources - 1e-9)
}
