/** Seats decide, stake leads (round.md, "Identity, seats, beacon"). */
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'

/** A bonded peer's one vote in a stage. */
export interface Seat {
  readonly peer: PeerName
  /** Bonded stake in units of the stake asset. Raises the odds of leading, never the weight of a vote. */
  readonly stake: bigint
}

/** The seats of one stage in one epoch. Built by `makeGroup`. */
export interface Group {
  /** Sorted by peer name (code unit order); a seat's index is its bit in `Outcome.heard`. */
  readonly seats: readonly Seat[]
  /** f = floor((n - 1) / 3): how many seats may be arbitrary. */
  readonly faults: number
  /** Q = n - f. */
  readonly quorum: number
  /** What `Scope.group` must be. */
  readonly hash: Hash
}

/** What a ranking is drawn from. The same five inputs give the same ranking everywhere. */
export interface Draw {
  readonly beacon: Hash
  readonly run: ContentId
  readonly stage: number
  /** Round the ranking is for; 0 for rankings that hold for a whole epoch (the beacon tells epochs apart). */
  readonly round: number
  /** See `ROLES`. */
  readonly role: string
}

/** When epochs start; every number from the manifest. */
export interface EpochSchedule {
  /** Height S at which epoch 0 starts. */
  readonly startHeight: number
  readonly epochBlocks: number
  /** Blocks between the beacon's block and the start of its epoch. */
  readonly beaconLag: number
}
