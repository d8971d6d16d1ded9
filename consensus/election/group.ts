/** A stage's seats and what counts as a quorum of them. */
import { compareText } from '../../protocols/wire/hash.ts'
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from './digest.ts'
import type { Group, Seat } from './types.ts'

/** What besides the seats goes into a group's hash. */
export interface GroupScope {
  readonly genesis: Hash
  readonly run: ContentId
  readonly epoch: number
  readonly stage: number
}

/** SHA-256 of DAG-CBOR `['group', genesis, run, epoch, stage, [[peer, stake as decimal text], ...]]`, seats sorted by peer. */
export function groupHash(scope: GroupScope, seats: readonly Seat[]): Hash {
  const listed = [...seats].sort((a, b) => compareText(a.peer, b.peer)).map(seat => [seat.peer, seat.stake.toString()])
  return hashList(['group', scope.genesis, scope.run, scope.epoch, scope.stage, listed])
}

/** The only way to build a group: sorts, counts, hashes. A peer has one seat; a second one is a programming error. */
export function makeGroup(scope: GroupScope, seats: readonly Seat[]): Group {
  const sorted = [...seats].sort((a, b) => compareText(a.peer, b.peer))
  if (sorted.some((seat, i) => i > 0 && seat.peer === sorted[i - 1]?.peer)) throw new RangeError('a peer has two seats')
  const faults = Math.max(0, Math.floor((sorted.length - 1) / 3))
  return { seats: sorted, faults, quorum: sorted.length - faults, hash: groupHash(scope, sorted) }
}

/** Index of a peer's seat, or -1. */
export function seatIndex(group: Group, peer: PeerName): number {
  const { seats } = group
  for (let index = 0; index < seats.length; index++) if (seats[index]!.peer === peer) return index
  return -1
}

/** Different seats among the voters; strangers and repetitions do not count. */
export function countSeats(group: Group, voters: Iterable<PeerName>): number {
  const named = new Set(voters)
  return group.seats.reduce((count, seat) => count + (named.has(seat.peer) ? 1 : 0), 0)
}

/** Are these Q = n - f seats? Two quorums share at least n - 2f >= f + 1 seats, so at least one honest one. */
export function quorum(group: Group, voters: Iterable<PeerName>): boolean {
  return countSeats(group, voters) >= group.quorum
}

/** Are these f + 1 seats, so that at least one of them is honest? */
export function oneHonest(group: Group, voters: Iterable<PeerName>): boolean {
  return countSeats(group, voters) > group.faults
}
