/** What the reduce protocol is made from, and what the node must decide for it. */

import type { Handlers, Message, RefusalListener, RequestOptions } from '../wire/frames/types.ts'
import type { Hash, PeerName, Scope } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'
import type { Blobs } from './blobs.ts'
import type { AggregateName, PartitionName } from './headers.ts'
import type { TransferLimits } from './transfers.ts'

/** What COMMIT says, as far as it matters here. */
export interface KnownCommit {
  readonly root: Hash
  /** SHA-256 of each encoded partition. */
  readonly leaves: readonly Hash[]
}

/** What the node decides; each call answers at once. */
export interface ReducePolicy {
  /** May this peer bring partitions at all: is it a seat of our stage? */
  admitPeer(from: PeerName): Refusal | null
  /** Is this run, epoch, group, stage and round ours, and `from` a seat of it? Null lets it through. */
  admit(scope: Scope, from: PeerName): Refusal | null
  /** Is this peer a candidate of the partition? Others are not stored. */
  isCandidate(scope: Scope, partition: number): boolean
  /** The author's COMMIT of the round: the first that was seen; null before. */
  commitOf(scope: Scope, author: PeerName): KnownCommit | null
  /** May `from` push this aggregate: is the value known, and `from` a candidate of the partition? */
  admitAggregate(aggregate: AggregateName, from: PeerName): Refusal | null
  /** Length, finite, |x| <= bound of an encoded partition (`StageEngine.checkPartition`). */
  checkPartition(partition: number, bytes: Uint8Array, options: { signal?: AbortSignal }): Promise<boolean>
}

export interface ReduceHandlers {
  /** A partition that this peer is a candidate of is stored and checked: acknowledge it in the next HAVE. */
  stored?(name: PartitionName): void
  /** One that is stored was sent again: its author has no HAVE that names it. */
  repeated?(name: PartitionName): void
  /** An aggregate was pushed; its bytes match its hash, and nothing more is known of them. */
  aggregate?(name: AggregateName, from: PeerName): void
  refused?(reason: RefusalReason, from: PeerName, detail?: string): void
}

export interface ReduceInit {
  readonly self: PeerName
  readonly policy: ReducePolicy
  readonly handlers?: ReduceHandlers
  /** Milliseconds for one transfer with one peer. */
  readonly transferTimeoutMs?: number
  readonly transfers?: TransferLimits
  /** Bytes of partitions and aggregates in memory. */
  readonly storeMaxBytes?: number
  /** Where verified partitions and aggregates are held. */
  readonly store?: Blobs
}

/** The part of `PeerStreams` that is used. */
export interface ReduceStreams {
  start(): Promise<void>
  stop(): Promise<void>
  request(to: PeerName, header: unknown, body: Uint8Array, options: RequestOptions): Promise<Message | Refusal>
}

/** Makes the streams around this protocol's handlers. */
export type OpenStreams<S> = (handlers: Handlers, onRefusal: RefusalListener) => S
