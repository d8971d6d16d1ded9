/**
 * What swarm-node asks of a chain: stake, membership, randomness and finality (architecture.md, "The chain is the slow
 * referee"). Only finalised state decides anything.
 */
import type { ContentId, Hash, PeerName } from '../../protocols/wire/messages.ts'

export interface BlockReference {
  readonly height: number
  readonly hash: Hash
}

/** A bond in finalised state whose proof was checked. */
export interface Bond {
  readonly peer: PeerName
  /** SS58 address of the owner. */
  readonly account: string
  /** Frozen balance of the stake asset. */
  readonly stake: bigint
}

/** A link of a stage's certificate hash chain, posted by a member. */
export interface Anchor {
  readonly stage: number
  readonly fromRound: number
  readonly toRound: number
  /** Head of the hash chain at `toRound`. */
  readonly link: Hash
}

/** An anchor as found in a finalised block. */
export interface PostedAnchor extends Anchor {
  readonly peer: PeerName
  readonly block: BlockReference
}

/** Changes that a stage decided, a round that renews its lease, what a member of a lost stage claims or keeps, what one measured. */
export type RecordKind = 'changes' | 'renewal' | 'claim' | 'checkpoint' | 'speeds'

/** What a member posted as a record; whether it is one, its reader checks. */
export interface PostedRecord {
  readonly kind: RecordKind
  readonly peer: PeerName
  readonly block: BlockReference
  /** Begins as records of its kind do (`records.ts`), at most `RECORD_LIMIT_BYTES`. */
  readonly record: Uint8Array
}

/** Finalised blocks of (afterHeight, toHeight]. */
export interface BlockRange {
  readonly afterHeight: number
  readonly toHeight: number
}

export interface BondRequest {
  readonly run: ContentId
  readonly peer: PeerName
  /** The peer key's signature over (genesis, run, account), see `bondProofBytes`. */
  readonly proof: Uint8Array
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface Chain {
  readonly genesis: Hash
  finalizedHead(options?: CallOptions): Promise<BlockReference>
  /** Calls back on every new finalised head, in order of height; returns the unsubscribe function. */
  onFinalized(callback: (head: BlockReference) => void): () => void
  /** Hash of the finalised block at `height`; rejects where it is not finalised. */
  blockHash(height: number, options?: CallOptions): Promise<Hash>
  /** Bonds of a run in the finalised state at `height`, sorted by peer; those with a bad proof are left out. */
  bonds(run: ContentId, height: number, options?: CallOptions): Promise<readonly Bond[]>
  /** Posts a bond for this account and resolves once it is in a block. */
  bond(request: BondRequest, options?: CallOptions): Promise<BlockReference>
  /** Posts an anchor as this account and resolves once it is in a block. */
  anchor(run: ContentId, anchor: Anchor, options?: CallOptions): Promise<BlockReference>
  /** Anchors of a run in finalised blocks of (afterHeight, toHeight], in chain order, from accounts that own a bond of the run. */
  anchors(run: ContentId, range: BlockRange, options?: CallOptions): Promise<readonly PostedAnchor[]>
  /** Posts a record as this account, which has a bond of the run, and resolves once it is in a block. */
  postRecord(run: ContentId, record: Uint8Array, options?: CallOptions): Promise<BlockReference>
  /** Records of a run in these blocks, in chain order, from accounts that own a bond of the run. */
  records(run: ContentId, range: BlockRange, options?: CallOptions): Promise<readonly PostedRecord[]>
  close(): Promise<void>
}
