/** How a stage that lost its quorum is seen on the chain (README.md). Everything here is a function of finalised blocks. */
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'

/** Blocks, from the manifest. */
export interface LeaseRules {
  /** L: replicas vote for this long after their stage's last renewal. */
  readonly leaseBlocks: number
  /** D: claims count from this long after the end of the lease. */
  readonly claimDelayBlocks: number
  /** W: claims are collected for this long after the first. */
  readonly claimWindowBlocks: number
}

/** What names a certified round. */
export interface RoundIds {
  /** id(v). */
  readonly value: Hash
  /** Outcome hash. */
  readonly outcome: Hash
}

/** Where a stage's history stands, and the next round builds on. */
export interface Point extends RoundIds {
  readonly round: number
}

/** A certified round as a record shows it: Q seats of its epoch's group signed it. */
export interface ShownRound extends Point {
  readonly epoch: number
  readonly parent: RoundIds
  /** Height of its value's reference block. */
  readonly referenceHeight: number
  /** Its outcome carries the full root of the state. */
  readonly isCheckpoint: boolean
}

/** What a member says of itself. */
export interface Claim {
  /** The newest certified round that it knows; null: none since the run began, or since the stage was re-formed. */
  readonly newest: ShownRound | null
  /** It has the state of that round, and can go back to that of the round before; with none, the state of what is final. */
  readonly holds: boolean
}

export interface RenewalEvent {
  readonly type: 'renewal'
  readonly stage: number
  readonly height: number
  readonly shown: ShownRound
}

export interface ClaimEvent {
  readonly type: 'claim'
  readonly stage: number
  readonly height: number
  readonly peer: PeerName
  readonly claim: Claim
}

export interface CheckpointEvent {
  readonly type: 'checkpoint'
  readonly stage: number
  readonly height: number
  readonly peer: PeerName
  readonly shown: ShownRound
}

/** A record in a finalised block that was decoded and whose signatures were checked. */
export type StageEvent = RenewalEvent | ClaimEvent | CheckpointEvent

/** A stage's lease: a fold over the events of finalised blocks. */
export interface StageLease {
  /** A: block of the last renewal; the start of the run, or of the epoch that re-formed the stage, before the first. */
  readonly renewedAt: number
  /** What the last renewal shows; what the stage began from before the first. */
  readonly final: Point
  /** Epoch of what is final, or that re-formed the stage: certificates of earlier ones do not go on from it. */
  readonly sinceEpoch: number
  /** The stage was re-formed, and has shown no round since. */
  readonly isFresh: boolean
  /** Seats that did not claim when it was re-formed; none from its first renewal on. */
  readonly silent: ReadonlySet<PeerName>
  /** Seats that did not claim when it was re-formed first since its last renewal: what is final may be theirs. */
  readonly away: ReadonlySet<PeerName>
  /** More than f seats claimed then, so an honest one did; or it was in vain twice. */
  readonly isAttested: boolean
  /** How it was re-formed so far, in the order of the epochs. */
  readonly recoveries: readonly Recovery[]
  /** What the last renewal shows, whatever it was re-formed from since. */
  readonly shown: Point
  /** From what it was re-formed since then, and showed nothing. */
  readonly tried: readonly RoundIds[]
  /** C0: block of the first claim or kept checkpoint; null where there is none. */
  readonly openedAt: number | null
  /** The last claim of each peer since then. */
  readonly claims: ReadonlyMap<PeerName, Claim>
  /** The checkpoint that each seat of the next stage says it keeps, the last it named since then. */
  readonly kept: ReadonlyMap<PeerName, ShownRound>
}

/** A stage is re-formed at the start of an epoch. */
export interface Recovery {
  readonly stage: number
  readonly epoch: number
  /** The stage goes on from the state of this round ... */
  readonly base: Point
  /** ... with this one. The rounds between are no part of its history. */
  readonly resume: number
  /** Sorted. */
  readonly seats: readonly PeerName[]
  /** Those of the seats that claimed; the others come without the state. */
  readonly claimants: readonly PeerName[]
  /** More than f claimed. */
  readonly isAttested: boolean
  /** Seats of the next stage that keep the base, where it is a checkpoint of theirs; sorted. */
  readonly keepers: readonly PeerName[]
}

/** A stage that cannot be re-formed yet. */
export interface Shortage {
  readonly stage: number
  /** Peers that it lacks. */
  readonly needs: number
}
