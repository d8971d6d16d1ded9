/**
 * Two rankings, both pure functions of a draw. Leaders (who can only delay) are drawn by stake, so that many small
 * identities do not lead more often than their stake; everything else (where each seat is one head) sorts by hash.
 */
import { compareBytes, compareText, hashHex } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import { hashList } from './digest.ts'
import type { Draw, Group, Seat } from './types.ts'

/** What a ranking is for: different roles are independent draws. */
export const ROLES = {
  /** Leader of view w is number w mod n. By stake, each round. */
  proposer: 'proposer',
  /** Who posts the anchor, and who does if it fails. By stake, each round that is anchored. */
  anchorer: 'anchorer',
  /** k-th of each stage shares lane k. By hash, once an epoch (round 0). */
  lane: 'lane',
  /** Who measures the held-out loss of a round. By hash, stage 0 only. */
  evaluator: 'evaluator',
  /** Who of the next stage keeps a checkpoint. By hash, each round with a full root. */
  keeper: 'keeper',
  /** Who aggregates a partition. By hash, each round. */
  partition: (partition: number) => `partition/${partition}`,
} as const

/** SHA-256 of DAG-CBOR `[beacon, run, stage, round, role, salt]`; the salt is a peer name or the index of a draw. */
function drawHash(draw: Draw, salt: PeerName | number): Hash {
  return hashList([draw.beacon, draw.run, draw.stage, draw.round, draw.role, salt])
}

/** Big-endian unsigned integer of 256 bits. */
function toInteger(hash: Hash): bigint {
  return BigInt(`0x${hashHex(hash)}`)
}

/** Capped at `cap`, at least 1, so that every seat can be drawn. */
function drawWeight(seat: Seat, cap: bigint): bigint {
  const capped = seat.stake < cap ? seat.stake : cap
  return capped > 0n ? capped : 1n
}

/**
 * All seats, drawn by stake without replacement, in exact integer arithmetic: draw i falls on
 * `hash(..., i) mod remaining stake`, counted along the remaining seats in peer order. The modulo's bias is below 2^-128
 * for stakes below 2^128. Floats (the exponential trick, -log(u)/stake) would round differently between machines.
 */
export function rankByStake(draw: Draw, seats: readonly Seat[], cap: bigint): PeerName[] {
  const remaining = seats
    .map(seat => ({ peer: seat.peer, weight: drawWeight(seat, cap) }))
    .sort((a, b) => compareText(a.peer, b.peer))
  let total = remaining.reduce((sum, seat) => sum + seat.weight, 0n)
  const ranked: PeerName[] = []
  for (let i = 0; i < seats.length; i++) {
    let point = toInteger(drawHash(draw, i)) % total
    const index = remaining.findIndex(seat => (point -= seat.weight) < 0n)
    for (const drawn of remaining.splice(index, 1)) {
      ranked.push(drawn.peer)
      total -= drawn.weight
    }
  }
  return ranked
}

/** All peers, sorted by the hash of the draw and their name; every order is equally likely. */
export function rankByHash(draw: Draw, peers: readonly PeerName[]): PeerName[] {
  return peers
    .map(peer => ({ peer, key: drawHash(draw, peer) }))
    .sort((a, b) => compareBytes(a.key, b.key) || compareText(a.peer, b.peer))
    .map(({ peer }) => peer)
}

/**
 * The 2f + 1 seats that may aggregate a partition, in rank order: f + 1 work at first, the others as those fail. Among
 * 2f + 1 at least f + 1 are honest, so f + 1 equal answers come, and they hold at least one honest answer.
 */
export function partitionCandidates(draw: Omit<Draw, 'role'>, group: Group, partition: number): PeerName[] {
  const peers = group.seats.map(seat => seat.peer)
  return rankByHash({ ...draw, role: ROLES.partition(partition) }, peers).slice(0, 2 * group.faults + 1)
}
