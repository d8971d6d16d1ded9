/** What the state protocol is made from, and where the served data come from. */
import type { Handlers, Message, RefusalListener, RequestOptions } from '../wire/frames/types.ts'
import type { Hash, PeerName } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'

/** How far a peer is; its word only, every item is checked on its own. */
export interface StateStatus {
  readonly stage: number
  /** Newest round with a certificate; -1 before the first. */
  readonly round: number
  /** Head of the stage's certificate hash chain at `round`. */
  readonly link: Hash
  /** state_r at `round`. */
  readonly state: Hash
  /** Newest snapshot under a certified full root; null where there is none. */
  readonly snapshotRound: number | null
}

/** A snapshot that can be served. */
export interface SnapshotManifest {
  readonly round: number
  readonly bytes: number
  /** SHA-256 of each chunk, in order; their Merkle root is the certificate's `fullRoot`. */
  readonly leaves: readonly Hash[]
}

export interface CertificateRange {
  readonly stage: number
  /** First and last round, both included. */
  readonly from: number
  readonly to: number
}

/** Snapshots of a stage that is not the own one, under certified full roots, which this peer keeps for it. */
export interface KeptCheckpoints {
  readonly stage: number
  /** Newest first. */
  readonly heads: readonly SnapshotManifest[]
  piece(round: number, offset: number, bytes: number): Promise<Uint8Array | null>
}

/** What is served: `RoundStore` of node/journal has all of it. Own stage, but for certificates and `kept`. */
export interface StateSource {
  status(): StateStatus
  /** Encoded certificates from the start of the range on, until the first gap. */
  certificates(range: CertificateRange): Promise<readonly Uint8Array[]>
  /** Lowest round of a stage whose certificate is held; null where there is none. */
  oldest(stage: number): number | null
  /** All aggregated partitions of a round, null for SKIP; undefined where they are not held. */
  aggregates(round: number): Promise<readonly Uint8Array[] | null | undefined>
  aggregate(round: number, partition: number): Promise<Uint8Array | null>
  snapshot(round: number): SnapshotManifest | null
  snapshotPiece(round: number, offset: number, bytes: number): Promise<Uint8Array | null>
  /** Null where nothing is kept for another stage. */
  kept(): KeptCheckpoints | null
}

/** Where the chunks of a snapshot go; what it has already is not fetched again. */
export interface SnapshotSink {
  /** Before the first chunk: how long the whole is, and the hashes of its chunks; what is had already, it knows by them. */
  begin(bytes: number, leaves: readonly Hash[]): Promise<void>
  has(index: number): boolean
  /**
   * A chunk whose hash was checked, at byte index * SNAPSHOT_CHUNK_BYTES. Chunks come in any order, some side by side. Its
   * memory is freed afterwards: what is kept is copied.
   */
  put(index: number, bytes: Uint8Array): Promise<void>
}

export interface BandwidthLimits {
  readonly bytesPerSecond: number
  readonly burstBytes: number
  /** Milliseconds. */
  readonly maxWaitMs: number
  /** All peers together have no more than one alone. */
  readonly isShared?: boolean
}

/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes that are there, with those of a former transfer. */
  readonly bytes: number
  readonly of: number
  /** Sources that give. */
  readonly sources: number
}

export interface StateHandlers {
  refused?(reason: RefusalReason, from: PeerName, detail?: string): void
}

export interface StateInit {
  readonly source: StateSource
  /** May this peer ask? Null lets it. */
  readonly admit: (from: PeerName) => Refusal | null
  readonly handlers?: StateHandlers
  /** What is served, at the most. */
  readonly bandwidth?: BandwidthLimits
  /** What transfers take in, in bytes a second; null or left out: as fast as it comes. */
  readonly takenBytesPerSecond?: number | null
}

/** The part of `PeerStreams` that is used. */
export interface StateStreams {
  start(): Promise<void>
  stop(): Promise<void>
  request(to: PeerName, header: unknown, body: Uint8Array, options: RequestOptions): Promise<Message | Refusal>
}

/** Makes the streams around this protocol's handlers. */
export type OpenStreams<S> = (handlers: Handlers, onRefusal: RefusalListener) => S
