/**
 * Brings a restarted or late replica up to date from its siblings. Every item is checked against a certificate that the
 * caller has verified, so it does not matter who gave it; who gave a wrong one is counted and left.
 */
import type { Clock, Digest } from '../wire/environment.ts'
import { admitNoBody } from '../wire/frames/no-bodies.ts'
import { freeBody } from '../wire/frames/spent-body.ts'
import type { Message } from '../wire/frames/types.ts'
import { equalBytes, smallHash } from '../wire/hash.ts'
import { merkleRoot } from '../wire/merkle.ts'
import type { Hash, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { PARTITION_MAX_BYTES, REQUEST_TIMEOUT_MS, SNAPSHOT_CHUNK_BYTES } from './constants.ts'
import {
  PAGE_BODY_MAX_BYTES,
  parseCertificates,
  parseCheckpoints,
  parseLeaves,
  parseManifest,
  parseStatus,
  type StateHeader,
} from './headers.ts'
import { Pace } from './pace.ts'
import { StateServer } from './server.ts'
import { Sources } from './sources.ts'
import { type TransferInit, transfer } from './transfer.ts'
import type {
  CertificateRange,
  OpenStreams,
  SnapshotManifest,
  SnapshotSink,
  StateInit,
  StateStatus,
  StateStreams,
  TransferProgress,
} from './types.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface SnapshotOptions extends CallOptions {
  readonly onProgress?: (progress: TransferProgress) => void
  /** For a transfer that nothing waits for: a pace of its own, below that of the others. */
  readonly bytesPerSecond?: number
}

/** Checks certificates one after the other; a refusal blames who gave them. */
export type CertificateCheck = (certificates: readonly Uint8Array[]) => Promise<Refusal | null>

/** An aggregate as a verified certificate names it. */
export interface CertifiedAggregate {
  readonly stage: number
  readonly round: number
  readonly aggregateRoot: Hash
  /** Partitions of the stage. */
  readonly partitions: number
}

/** A snapshot as a verified certificate names it. */
export interface CertifiedSnapshot {
  readonly stage: number
  readonly round: number
  readonly fullRoot: Hash
  /** How long it is; the root says it only up to a chunk. */
  readonly bytes: number
}

export interface StateComponents {
  readonly clock: Clock
  readonly digest: Digest
  readonly openStreams: OpenStreams<StateStreams>
}

const NO_BODY = new Uint8Array(0)

export class State {
  readonly #init: StateInit
  readonly #clock: Clock
  readonly #digest: Digest
  readonly #streams: StateStreams
  readonly #pace: Pace

  constructor(init: StateInit, components: StateComponents) {
    this.#init = init
    this.#clock = components.clock
    this.#digest = components.digest
    this.#pace = new Pace(init.takenBytesPerSecond ?? null)
    const server = new StateServer(init, components)
    this.#streams = components.openStreams(
      { onRequest: (header, _, context) => server.handle(header, context), admitBody: admitNoBody },
      (reason, from, detail) => init.handlers?.refused?.(reason, from, detail),
    )
  }

  start(): Promise<void> {
    return this.#streams.start()
  }

  stop(): Promise<void> {
    return this.#streams.stop()
  }

  /** How far a peer says it is. */
  async status(from: PeerName, options: CallOptions = {}): Promise<StateStatus | Refusal> {
    const reply = await this.#request(from, { type: 'status' }, 0, options)
    return isRefusal(reply) ? reply : this.#checked(from, parseStatus(reply))
  }

  /** Rounds of the checkpoints that a peer says it keeps of a stage that is not its own. */
  async checkpoints(from: PeerName, stage: number, options: CallOptions = {}): Promise<readonly number[] | Refusal> {
    const reply = await this.#request(from, { type: 'checkpoints', stage }, 0, options)
    return isRefusal(reply) ? reply : this.#checked(from, parseCheckpoints(reply))
  }

  /** A page of certificates from the start of the range on, at least one, that passed `check`. */
  certificates(
    from: readonly PeerName[],
    range: CertificateRange,
    check: CertificateCheck,
    options: CallOptions = {},
  ): Promise<readonly Uint8Array[] | Refusal> {
    return this.#sources(from, options).ask(async peer => {
      const reply = await this.#request(peer, { type: 'certificates', ...range }, PAGE_BODY_MAX_BYTES, options)
      if (isRefusal(reply)) return reply
      const page = parseCertificates(reply)
      if (isRefusal(page)) return this.#checked(peer, page)
      if (page.length === 0) return refuse('unknown-item')
      return this.#checked(peer, (await check(page)) ?? page)
    })
  }

  /** The aggregated partitions of a round, in order. */
  async aggregate(
    from: readonly PeerName[],
    wanted: CertifiedAggregate,
    options: CallOptions = {},
  ): Promise<Uint8Array[] | Refusal> {
    const { stage, round } = wanted
    const sources = this.#sources(from, options)
    const leaves = await sources.ask(peer => this.#leaves(peer, wanted, options))
    if (isRefusal(leaves)) return leaves
    const partitions: Uint8Array[] = []
    const refusal = await this.#transfer(sources.remaining, leaves, options, {
      items: [...leaves.keys()],
      header: partition => ({ type: 'partition', stage, round, partition }),
      bytesOf: () => PARTITION_MAX_BYTES,
      put: async (partition, bytes) => void (partitions[partition] = bytes),
    })
    return refusal ?? partitions
  }

  /**
   * Fetches a snapshot into `sink` from all sources at once, but for the chunks that it has. Null once all are there, else
   * why the last source was left. Rejects where the sink does.
   */
  async snapshot(
    from: readonly PeerName[],
    wanted: CertifiedSnapshot,
    sink: SnapshotSink,
    options: SnapshotOptions = {},
  ): Promise<Refusal | null> {
    const { stage, round, bytes: of } = wanted
    const sources = this.#sources(from, options)
    const manifest = await sources.ask(peer => this.#manifest(peer, wanted, options))
    if (isRefusal(manifest)) return manifest
    const { leaves } = manifest
    await sink.begin(of, leaves)
    const bytesOf = (index: number): number => Math.min(SNAPSHOT_CHUNK_BYTES, of - index * SNAPSHOT_CHUNK_BYTES)
    const items = [...leaves.keys()].filter(index => !sink.has(index))
    let bytes = items.reduce((left, index) => left - bytesOf(index), of)
    options.onProgress?.({ bytes, of, sources: 0 })
    return this.#transfer(sources.remaining, leaves, options, {
      items,
      header: index => ({ type: 'chunk', stage, round, index }),
      bytesOf,
      put: async (index, chunk) => {
        await sink.put(index, chunk)
        freeBody(chunk)
      },
      onItem: (chunkBytes, giving) => {
        bytes += chunkBytes
        options.onProgress?.({ bytes, of, sources: giving })
      },
    })
  }

  #transfer(
    sources: readonly PeerName[],
    leaves: readonly Hash[],
    { signal, bytesPerSecond }: SnapshotOptions,
    work: Pick<TransferInit, 'items' | 'bytesOf' | 'put' | 'onItem'> & { header(item: number): StateHeader },
  ): Promise<Refusal | null> {
    const { header, ...rest } = work
    return transfer({
      ...rest,
      clock: this.#clock,
      pace: bytesPerSecond === undefined ? this.#pace : new Pace(bytesPerSecond),
      sources,
      ask: (peer, item, request) =>
        this.#piece(peer, header(item), leaves[item]!, work.bytesOf(item), { signal: request }),
      signal,
    })
  }

  async #leaves(peer: PeerName, wanted: CertifiedAggregate, options: CallOptions): Promise<readonly Hash[] | Refusal> {
    const { stage, round, partitions, aggregateRoot } = wanted
    const reply = await this.#request(
      peer,
      { type: 'leaves', stage, round },
      partitions * aggregateRoot.length,
      options,
    )
    if (isRefusal(reply)) return reply
    const leaves = parseLeaves(reply, partitions)
    if (isRefusal(leaves)) return this.#checked(peer, leaves)
    const isCertified = leaves.length === partitions && equalBytes(merkleRoot(leaves, smallHash), aggregateRoot)
    return this.#checked(
      peer,
      isCertified ? leaves : refuse('wrong-hash', 'not the hashes under the certified aggregate root'),
    )
  }

  async #manifest(
    peer: PeerName,
    wanted: CertifiedSnapshot,
    options: CallOptions,
  ): Promise<Omit<SnapshotManifest, 'round'> | Refusal> {
    const { stage, round, fullRoot, bytes } = wanted
    const reply = await this.#request(peer, { type: 'manifest', stage, round }, undefined, options)
    if (isRefusal(reply)) return reply
    const manifest = parseManifest(reply)
    if (isRefusal(manifest)) return this.#checked(peer, manifest)
    if (manifest.bytes !== bytes)
      return this.#checked(peer, refuse('out-of-bounds', `a snapshot of ${manifest.bytes} bytes, not ${bytes}`))
    const isCertified = equalBytes(merkleRoot(manifest.leaves, smallHash), fullRoot)
    return this.#checked(
      peer,
      isCertified ? manifest : refuse('wrong-hash', 'not the chunks under the certified full root'),
    )
  }

  async #piece(
    peer: PeerName,
    header: StateHeader,
    leaf: Hash,
    maxBytes: number,
    options: CallOptions,
  ): Promise<Uint8Array | Refusal> {
    const reply = await this.#request(peer, header, maxBytes, options)
    if (isRefusal(reply)) return reply
    const digest = reply.digest ?? (await this.#digest(reply.body, options))
    return this.#checked(
      peer,
      equalBytes(digest, leaf) ? reply.body : refuse('wrong-hash', `not the bytes of the ${header.type}`),
    )
  }

  #request(
    to: PeerName,
    header: StateHeader,
    maxAnswerBytes: number | undefined,
    options: CallOptions,
  ): Promise<Message | Refusal> {
    const limits = { timeoutMs: REQUEST_TIMEOUT_MS, ...(maxAnswerBytes === undefined ? {} : { maxAnswerBytes }) }
    return this.#streams.request(to, header, NO_BODY, { ...options, ...limits })
  }

  #sources(from: readonly PeerName[], { signal }: CallOptions): Sources {
    return new Sources(this.#clock, from, signal)
  }

  /** Counts what was refused of an answer. What a peer refuses to give is not its fault. */
  #checked<T>(peer: PeerName, result: T | Refusal): T | Refusal {
    if (isRefusal(result)) this.#init.handlers?.refused?.(result.refused, peer, result.detail)
    return result
  }
}
