/**
 * The round's machine as its driver sees it: `createRound(context, journal)`, then `step(state, input, nowMs)` for every
 * input, carrying out the effects in order. The machine never awaits, has no clock, no randomness and no I/O.
 */
import type {
  Certificate,
  Commit,
  Evidence,
  Hash,
  Outcome,
  Payload,
  PeerName,
  Prevote,
  Proposal,
  Scope,
  SealedCommit,
  Signed,
} from '../../protocols/wire/messages.ts'
import type { RefusalReason } from '../../protocols/wire/refusals.ts'
import type { AggregationRule } from '../aggregation/types.ts'
import type { Group } from '../election/types.ts'
import type { MembershipContext, Wish } from '../membership/types.ts'
import type { Tempo } from './tempo.ts'

/**
 * Bases in milliseconds, for before anything is measured (tempo.ts); in view w a wait is base * viewBackoff^min(w, VIEW_BACKOFF_CAP).
 */
export interface RoundTimeouts {
  /** For the leader's proposal. */
  readonly proposeMs: number
  /** After Q votes, for the missing ones; also the re-sending interval. */
  readonly voteMs: number
  /** Longest wait of the leader for commitments beyond the first n - f. */
  readonly graceCapMs: number
  /** Until the next candidate of a partition takes over (sending, computing, fetching). */
  readonly reduceMs: number
}

/** Everything that is fixed for the round. */
export interface RoundContext {
  readonly scope: Scope
  /** Null for a follower: verifies, executes and follows without signing. */
  readonly self: PeerName | null
  readonly group: Group
  /** The epoch's beacon. */
  readonly beacon: Hash
  /** Stake above this does not raise the odds of proposing. */
  readonly stakeCap: bigint
  /** id(v) and outcome hash of round r - 1; zero for the first round. */
  readonly parent: { readonly value: Hash; readonly outcome: Hash }
  /** state_{r-1}. */
  readonly parentState: Hash
  readonly manifestHash: Hash
  /** Reference block of the parent's value; values may not refer below it. */
  readonly parentReference: { readonly height: number; readonly hash: Hash }
  /** Partitions of the stage's gradient. */
  readonly partitions: number
  readonly rule: AggregationRule
  /** f' of the rule: the manifest's f, at most the group's. */
  readonly faultsTrim: number
  /** A commitment counts with a micro-batch count in [countMin, countMax]: ceil(target / 2n) and 4 times that. */
  readonly countMin: number
  readonly countMax: number
  /** This round's outcome carries the full Merkle root. */
  readonly wantFullRoot: boolean
  readonly timeouts: RoundTimeouts
  /** What the own rounds before took. */
  readonly tempo: Tempo
  readonly viewBackoff: number
  /** Null where no value may change the members. */
  readonly membership: MembershipContext | null
}

/** Q prevotes equal in (id, validView) of one view, with a proposal (of any view) that carries the value. */
export interface Polka {
  readonly view: number
  /** id(v). */
  readonly value: Hash
  readonly proposal: Signed<Proposal>
  /** Sorted by signer. */
  readonly prevotes: readonly Signed<Prevote>[]
}

/** The newest PRECOMMIT for a value, and the newest one for any other value. */
export interface Lock {
  readonly view: number
  /** id(v). */
  readonly value: Hash
  /** View of the newest own PRECOMMIT for a value other than this, or -1. */
  readonly otherView: number
}

/** What `persist` asks the journal to hold until the round is over. */
export interface LockRecord {
  readonly lock: Lock | null
  readonly valid: Polka | null
}

/** What the journal gives back after a restart. */
export interface RestoredRound extends LockRecord {
  /** Everything this peer signed in this round, in any order. */
  readonly messages: readonly Signed[]
}

/** Opaque to the driver: made by `createRound`, consumed and returned by `step`. */
export type { RoundState } from './state.ts'

/** A message as it arrives: signature verified, bounds of the wire's table checked, scope not yet. */
export interface Received {
  readonly signed: Signed
  /** Envelopes that travelled beside it, opened and checked the same way; those that failed are left out. */
  readonly attachments: readonly Signed[]
}

export type RoundInput =
  /** From a sibling, or the own signature after `sign` (then from self). */
  | ({ readonly type: 'message' } & Received)
  | { readonly type: 'timer'; readonly id: string }
  /** A connection to a sibling came or went, or is not there when the round begins; others than siblings are passed over. */
  | { readonly type: 'reachable'; readonly peer: PeerName; readonly reachable: boolean }
  /** The own work is done; encoded and hashed. The machine signs and scatters it. */
  | { readonly type: 'own-commit'; readonly commit: Commit }
  /** Too little work: signs IDLE. */
  | { readonly type: 'own-idle' }
  /** What this replica proposes when it leads, if it can be decided in this round; otherwise it is passed over. */
  | { readonly type: 'wish'; readonly wish: Wish }
  /** A partition of a commitment arrived and passed hash, finite and bound checks. */
  | { readonly type: 'stored'; readonly author: PeerName; readonly root: Hash; readonly partition: number }
  /** Answer to `aggregate`; null where the rule refused (not finite or out of bounds). */
  | { readonly type: 'aggregated'; readonly value: Hash; readonly partition: number; readonly hash: Hash | null }
  /** Answer to `gather`: the bytes with this hash are now local. */
  | { readonly type: 'gathered'; readonly value: Hash; readonly partition: number; readonly hash: Hash }
  /** Answer to `execute`: `accepted` false for SKIP and where the optimiser's result is not finite. */
  | { readonly type: 'executed'; readonly value: Hash; readonly accepted: boolean; readonly fullRoot: Hash | null }
  /** A new finalised head. */
  | { readonly type: 'finalized'; readonly height: number; readonly hash: Hash }
  /** Answer to `block`: this height is finalised with this hash. */
  | { readonly type: 'block'; readonly height: number; readonly hash: Hash }
  /**
   * A certificate of this round from elsewhere. `outcomes` and `commits` are its envelopes, opened and verified by the
   * driver; `hashes` are the partitions' aggregate hashes if the peer that gave it sent them (checked here by root).
   */
  | {
      readonly type: 'certificate'
      readonly certificate: Certificate
      readonly outcomes: readonly Signed<Outcome>[]
      readonly commits: readonly Signed<Commit>[]
      readonly hashes?: readonly Hash[]
    }

/** Where to get one input of an aggregation. */
export interface AggregateInput extends SealedCommit {
  /** SHA-256 of the encoded partition. */
  readonly leaf: Hash
  /** Who should have it: those that acknowledged it first, then the author and the other candidates. Never self. */
  readonly holders: readonly PeerName[]
}

export type RoundEffect =
  /** Sign through the journal, broadcast to the group with the attachments, feed back as own `message`. */
  | { readonly type: 'sign'; readonly payload: Payload; readonly attachments: readonly Uint8Array[] }
  /** Write durably before the effects that follow. */
  | { readonly type: 'persist'; readonly record: LockRecord }
  /** Ask for a `timer` input; a second one with the same id replaces the first. */
  | { readonly type: 'timer'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'cancel'; readonly id: string }
  /** Send partitions of the own commitment to these candidates (never self); repeated for later candidates. */
  | { readonly type: 'scatter'; readonly root: Hash; readonly partition: number; readonly to: readonly PeerName[] }
  /** Combine the inputs in this order, pulling what is not local; answer `aggregated`. Asked once a value and partition. */
  | {
      readonly type: 'aggregate'
      readonly value: Hash
      readonly partition: number
      readonly inputs: readonly AggregateInput[]
      /** The f + 1 candidates that probably compute it; the first of them sends its result to the others. */
      readonly active: readonly PeerName[]
    }
  /** Fetch the aggregate's bytes by hash from any of these; answer `gathered`. Repeated with more peers while it fails. */
  | {
      readonly type: 'gather'
      readonly value: Hash
      readonly partition: number
      readonly hash: Hash
      readonly from: readonly PeerName[]
    }
  /** Run the optimiser on a shadow copy from these aggregates; null: SKIP, only the full root may be needed. Answer `executed`. */
  | {
      readonly type: 'execute'
      readonly value: Hash
      readonly hashes: readonly Hash[] | null
      readonly wantFullRoot: boolean
    }
  /** Ask these peers for COMMIT envelopes; feed them as `message`s of their authors. Repeated while it fails. */
  | { readonly type: 'fetch-commits'; readonly missing: readonly SealedCommit[]; readonly from: readonly PeerName[] }
  /** Which hash has the finalised block at this height? Answer `block` once it is finalised. */
  | { readonly type: 'block'; readonly height: number }
  /** Broadcast again, as it was signed. */
  | { readonly type: 'resend'; readonly signed: Signed; readonly attachments: readonly Uint8Array[] }
  /** Send the certificate to a peer that is still in this round; `hashes` null for SKIP. */
  | {
      readonly type: 'answer'
      readonly to: PeerName
      readonly certificate: Certificate
      readonly hashes: readonly Hash[] | null
    }
  /** The round is decided and executed by a quorum. Once. `hashes` null while unknown here or for SKIP. */
  | {
      readonly type: 'certificate'
      readonly certificate: Certificate
      readonly outcome: Outcome
      readonly hashes: readonly Hash[] | null
    }
  /**
   * The machine's last word, once, after `certificate`: 'promote' the shadow copy to the state, 'keep' the state (SKIP),
   * or 'adopt': the own execution differs from the certificate's; fetch the state from the signers.
   */
  | { readonly type: 'done'; readonly next: 'promote' | 'keep' | 'adopt'; readonly state: Hash }
  /** f + 1 equal outcomes differ from the own: this machine computes differently, its state is not to be trusted. Once. */
  | { readonly type: 'diverged'; readonly outcome: Outcome; readonly from: readonly PeerName[] }
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** For the counters; a refusal never changes the state. */
  | { readonly type: 'refused'; readonly reason: RefusalReason; readonly signer: PeerName; readonly detail: string }
  /**
   * Stop the run and report. 'nondeterminism': no outcome can reach a quorum any more; 'conflict': two values were decided,
   * so more than f seats lie. Once.
   */
  | { readonly type: 'halt'; readonly reason: 'nondeterminism' | 'conflict' }
  /** Why the round waits, in words; only when it changes. */
  | { readonly type: 'status'; readonly view: number; readonly phase: RoundPhase; readonly waitingFor: string }

export type RoundPhase = 'collect' | 'propose' | 'prevote' | 'precommit' | 'execute' | 'certify' | 'done'

export interface Step<State> {
  readonly state: State
  readonly effects: readonly RoundEffect[]
}
