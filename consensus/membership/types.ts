/** Who sits where, from epoch to epoch (README.md). Everything here is a function of finalised blocks. */
import type { Change, ContentId, Hash, Outcome, PeerName, Signed } from '../../protocols/wire/messages.ts'
import type { Pauses } from './pauses.ts'

/** A seat whose removal was decided and waits for a replacement. */
export interface Departure {
  readonly act: Exclude<Change['act'], 'admit' | 'pause'> | 'unbonded'
  /** The first epoch in which it could have acted. */
  readonly sinceEpoch: number
}

/** A seat that the beacon drew to move to a stage that is short. */
export interface Move {
  readonly peer: PeerName
  readonly to: number
  /** The epoch in which it was drawn. */
  readonly sinceEpoch: number
}

/** The seats of every stage in one epoch, and who waits for one. */
export interface Roster {
  readonly epoch: number
  readonly stageOf: ReadonlyMap<PeerName, number>
  /** Seats that go as soon as their stage can spare them. */
  readonly departing: ReadonlyMap<PeerName, Departure>
  /** Bonded peers that gave up their seat or were proven to lie: they get none again until their bond is gone. */
  readonly barred: ReadonlySet<PeerName>
  /** Seats that announced to be away. */
  readonly paused: Pauses
  /** Of each stage that lacks seats the epoch since which it does. */
  readonly shortSince: ReadonlyMap<number, number>
  /** Those drawn in the last MOVE_WINDOW_EPOCHS epochs, in order, whatever became of them. */
  readonly moves: readonly Move[]
  /** Bonded peers without a seat that the beacon dealt to a stage short of seats, and seats that are to move to one. */
  readonly candidates: ReadonlyMap<PeerName, number>
  /** The other bonded peers that may get a seat, in the beacon's order. */
  readonly spares: readonly PeerName[]
}

/** What of the manifest membership depends on. */
export interface RosterRules {
  readonly run: ContentId
  readonly stages: number
  /** Seats that a stage should have. */
  readonly replicas: number
}

/** The changes that a certified round of a stage decided, as they stand on the chain. */
export interface DecidedChanges {
  readonly stage: number
  readonly round: number
  readonly epoch: number
  readonly changes: readonly Change[]
}

/** What a new epoch is made from, besides the roster before it. */
export interface NextEpoch {
  readonly beacon: Hash
  /** Peers with a bond of at least the floor at the epoch's height. */
  readonly bonded: ReadonlySet<PeerName>
  /** In chain order, each stage and round once. */
  readonly decided: readonly DecidedChanges[]
}

/** A certified round that a stage has behind it. */
export interface PastRound {
  readonly round: number
  /** id(v). */
  readonly value: Hash
  readonly outcome: Hash
  /** Of its value's reference block. */
  readonly height: number
  /** It is the first of its epoch that refers to so high a block. */
  readonly isRising: boolean
}

/** What validity of changes reads, besides the value and what travels beside it. */
export interface MembershipContext {
  /** Dealt to this stage in the round's epoch. */
  readonly candidates: readonly PeerName[]
  /** Seats that leave already. */
  readonly departing: readonly PeerName[]
  /** Decided by earlier rounds of this epoch. */
  readonly decided: readonly Change[]
  /** Decided by earlier rounds of this epoch, or of those before. */
  readonly paused: Pauses
  /** Seats that the stage should have. */
  readonly replicas: number
  /** Certified rounds of this epoch, newest (the parent) first: the last ABSENCE_ROUNDS, and those before them that are rising. */
  readonly past: readonly PastRound[]
  /** Blocks over which a seat that is removed as absent was not heard. */
  readonly absenceBlocks: number
}

/** A change that this replica would see decided, with what proves it. */
export interface Wish {
  readonly change: Change
  /** An admission: the candidate's {@link Outcome}. Left: LEAVE. Paused: PAUSE. Absent: Q outcomes of each of the rounds that show it. Proven: the two contradicting envelopes. */
  readonly proof: readonly Signed[]
}

export type PastOutcomes = readonly (readonly Signed<Outcome>[])[]
