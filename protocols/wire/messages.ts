/**
 * The payloads that peers sign. One type a message; bounds and signers stand in `table.ts`, byte-exact examples in
 * `test/vectors/wire/`. Every payload names its scope, so no signature can be carried into another chain, run, epoch,
 * group, stage or round (round.md, "Identity, seats, beacon").
 */

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array
/** A peer id in its usual base58 text form, e.g. `12D3KooW...`. */
export type PeerName = string
/** A CID in text form. */
export type ContentId = string

/** Where and when a signature counts. */
export interface Scope {
  /** {@link PROTOCOL_VERSION}. */
  readonly version: number
  /** Hash of block 0 of the chain. */
  readonly genesis: Hash
  /** CID of the manifest. */
  readonly run: ContentId
  readonly epoch: number
  /** Hash of the stage's seats in this epoch (`consensus/election`). */
  readonly group: Hash
  readonly stage: number
  readonly round: number
}

/** A micro-batch: its tokens are a pure function of (corpus, seed, this). `source` is a replica of stage 0. */
export interface MicroBatchId {
  readonly round: number
  readonly source: PeerName
  /** Contiguous from 0 for each source and round. */
  readonly sequence: number
}

/** One settled micro-batch in a replica's commitment. */
export interface TraceEntry {
  readonly source: PeerName
  readonly sequence: number
  /** Stage 0 only: who held stages 1, 2, ... on the head's backward path. Elsewhere empty. */
  readonly path: readonly PeerName[]
}

/** How gradient partitions are encoded; what is hashed is what travels. */
export type Encoding = 'f32' | 'bf16' | 'int8'

/** "This is my momentum gradient of the round, cut into partitions with these hashes." At most one a seat and round. */
export interface Commit {
  readonly kind: 'commit'
  readonly scope: Scope
  /** Merkle root over `leaves`. */
  readonly root: Hash
  /** SHA-256 of each encoded partition, in order. */
  readonly leaves: readonly Hash[]
  readonly encoding: Encoding
  /** Micro-batches averaged into it. */
  readonly count: number
  readonly tokens: number
  /** Sum of the micro-batches' mean losses in nats a token, in micro-units (integer); 0 where the stage is not the head. */
  readonly lossSumMicronats: number
  readonly trace: readonly TraceEntry[]
}

/** "I have too little work to commit in this round." */
export interface Idle {
  readonly kind: 'idle'
  readonly scope: Scope
}

/** What a candidate holds of one author's commitment. */
export interface Held {
  readonly author: PeerName
  /** The root of the commitment that is acknowledged: one an author and round. */
  readonly root: Hash
  /** Bit p (LSB first) set: partition p is stored, hash-checked, finite and within bounds. */
  readonly bitmap: Uint8Array
}

/** Cumulative acknowledgement of partitions, and a promise to serve them until round r + 2 is decided. */
export interface Have {
  readonly kind: 'have'
  readonly scope: Scope
  readonly held: readonly Held[]
}

/** A commitment sealed into a value. */
export interface SealedCommit {
  readonly author: PeerName
  readonly root: Hash
}

/** A peer gets a seat in the stage, or loses it, and why: decided now, acts in a later epoch. Or it pauses, from the next round on. */
export interface Change {
  readonly peer: PeerName
  readonly act: 'admit' | 'remove-absent' | 'remove-left' | 'remove-proven' | 'pause'
}

/** What a stage agrees on: which available commitments count in the round. */
export interface Value {
  readonly scope: Scope
  /** id(v) and outcome hash of round r - 1; both zero for the first round. */
  readonly parent: { readonly value: Hash; readonly outcome: Hash }
  /** A finalised block of the chain, not below the parent's. */
  readonly reference: { readonly height: number; readonly hash: Hash }
  /** Sorted by author; 'skip' leaves the state unchanged. */
  readonly commits: readonly SealedCommit[] | 'skip'
  /** Membership changes, sorted by peer, each peer once (`consensus/membership`). */
  readonly changes: readonly Change[]
}

export interface Proposal {
  readonly kind: 'propose'
  readonly scope: Scope
  readonly view: number
  /** The view in which this value had a polka, or -1 for a fresh value. */
  readonly validView: number
  readonly value: Value
}

export interface Prevote {
  readonly kind: 'prevote'
  readonly scope: Scope
  readonly view: number
  /** id(v), or null for nil. */
  readonly value: Hash | null
  /** The `validView` of the proposal it answers; -1 with nil. */
  readonly validView: number
}

export interface Precommit {
  readonly kind: 'precommit'
  readonly scope: Scope
  readonly view: number
  readonly value: Hash | null
  /** The sender's newest polka's view, or -1; the polka itself travels beside the signature. */
  readonly validView: number
}

/** A candidate's result for one partition of the decided value. */
export interface Aggregate {
  readonly kind: 'aggregate'
  readonly scope: Scope
  /** id(v). */
  readonly value: Hash
  readonly partition: number
  /** SHA-256 of the aggregated partition's f32 little-endian bytes; all zero where the rule refused (result not finite or out of bounds). */
  readonly hash: Hash
}

/** "I executed the decided value and got this state." Q equal ones (but for `heard`) are the round's certificate. */
export interface Outcome {
  readonly kind: 'outcome'
  readonly scope: Scope
  readonly value: Hash
  /** Merkle root over the aggregated partitions' hashes; all zero for SKIP. */
  readonly aggregateRoot: Hash
  /** state_r = H(state_{r-1}, aggregateRoot, manifest). */
  readonly state: Hash
  /** Merkle root of parameters and moments every `rootEvery` rounds, else null. */
  readonly fullRoot: Hash | null
  /** Bit i: seat i (sorted by peer) was heard in this round. Not part of the equality. */
  readonly heard: Uint8Array
}

/** A source's cumulative count of micro-batches whose gradients came back. */
export interface Settled {
  readonly kind: 'settled'
  readonly scope: Scope
  readonly count: number
  /** Hash chain over the settled micro-batches' backward header hashes, in order of settlement. */
  readonly root: Hash
}

/** Receipt and blame: one signed header a boundary tensor. `parent` chains it to the tensor it was computed from. */
export interface Boundary {
  readonly kind: 'boundary'
  readonly scope: Scope
  readonly source: PeerName
  readonly sequence: number
  readonly direction: 'forward' | 'backward'
  /** Hash of the content of the tensor this one was computed from; zero at the source. */
  readonly parent: Hash
  /** SHA-256 of this tensor's bytes. */
  readonly content: Hash
}

/** "I give up my seat." Of the signer's epoch and group; repeated in later epochs until the seat is gone. */
export interface Leave {
  readonly kind: 'leave'
  readonly scope: Scope
}

/** "I stop for a while and keep my seat." Of the signer's epoch and group; over at the end of the epoch after that one. */
export interface Pause {
  readonly kind: 'pause'
  readonly scope: Scope
}

/** How a peer of a stage can be reached; newest sequence wins (`protocols/discovery`). */
export interface StageRecord {
  readonly kind: 'record'
  readonly run: ContentId
  readonly stage: number
  readonly sequence: number
  /** Multiaddrs as text, without /p2p. */
  readonly addresses: readonly string[]
  /** True for peers that come and go with a browser tab. */
  readonly ephemeral: boolean
}

export type Payload =
  | Commit
  | Idle
  | Have
  | Proposal
  | Prevote
  | Precommit
  | Aggregate
  | Outcome
  | Settled
  | Boundary
  | Leave
  | Pause
  | StageRecord

export type PayloadKind = Payload['kind']

/** A payload whose signature was checked: who signed, what, and the envelope's bytes for passing on as proof. */
export interface Signed<P extends Payload = Payload> {
  readonly signer: PeerName
  readonly payload: P
  readonly envelope: Uint8Array
}

/** The proof that a round was decided and executed: any third party can check it against the group's seats. */
export interface Certificate {
  readonly value: Value
  /** Q envelopes of equal {@link Outcome}s, sorted by signer. */
  readonly outcomes: readonly Uint8Array[]
  /** The sealed {@link Commit} envelopes, sorted by author; empty for SKIP. */
  readonly commits: readonly Uint8Array[]
}

/** What two contradicting signatures, or a lock violation, prove about their signer. */
export type EvidenceKind =
  | 'double-commit'
  | 'double-propose'
  | 'double-prevote'
  | 'double-precommit'
  | 'double-aggregate'
  | 'double-outcome'
  | 'amnesia'

/** Self-contained: anyone who knows the group can check it. */
export interface Evidence {
  readonly kind: EvidenceKind
  readonly accused: PeerName
  /** The contradicting envelopes; for amnesia the precommit, then the prevote. */
  readonly envelopes: readonly [Uint8Array, Uint8Array]
}
