/** Answers of the state protocol: what this peer holds, at a bounded speed a peer. */
import { encode } from '../wire/cbor.ts'
import type { Clock, Digest } from '../wire/environment.ts'
import type { HandlerContext, Reply } from '../wire/frames/types.ts'
import { concatBytes } from '../wire/hash.ts'
import type { Hash } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { Bandwidth } from './bandwidth.ts'
import {
  BURST_SECONDS,
  MAX_ACCOUNTED_PEERS,
  MAX_BANDWIDTH_WAIT_MS,
  MAX_CERTIFICATES,
  PAGE_MAX_BYTES,
  REMEMBERED_LEAVES,
  SERVED_BYTES_PER_SECOND,
  SNAPSHOT_CHUNK_BYTES,
} from './constants.ts'
import { type CertificatesHeader, type ChunkHeader, parseHeader, type StateHeader } from './headers.ts'
import type { BandwidthLimits, SnapshotManifest, StateInit, StateSource } from './types.ts'

/** Limits of a peer that serves so many bytes a second, all askers together. */
export function servedAt(bytesPerSecond: number): BandwidthLimits {
  const burstBytes = Math.max(SNAPSHOT_CHUNK_BYTES, BURST_SECONDS * bytesPerSecond)
  return { bytesPerSecond, burstBytes, maxWaitMs: MAX_BANDWIDTH_WAIT_MS, isShared: true }
}

const UNKNOWN = refuse('unknown-item')

export class StateServer {
  readonly #init: StateInit
  readonly #source: StateSource
  readonly #clock: Clock
  readonly #digest: Digest
  readonly #bandwidth: Bandwidth
  /** By round, longest unasked first. */
  readonly #leaves = new Map<number, readonly Hash[]>()

  constructor(init: StateInit, components: { readonly clock: Clock; readonly digest: Digest }) {
    this.#init = init
    this.#source = init.source
    this.#clock = components.clock
    this.#digest = components.digest
    this.#bandwidth = new Bandwidth(init.bandwidth ?? servedAt(SERVED_BYTES_PER_SECOND), MAX_ACCOUNTED_PEERS)
  }

  async handle(value: unknown, context: HandlerContext): Promise<Reply | Refusal> {
    const { from } = context
    const barred = this.#init.admit(from)
    if (barred !== null) return barred
    const header = parseHeader(value)
    if (isRefusal(header)) return header
    if (!this.#isServed(header)) return refuse('wrong-stage')
    if (header.type === 'chunk') return this.#chunk(header, context)
    const reply = await this.#answer(header, context)
    if (isRefusal(reply)) return reply
    return (await this.#inTurn(reply.body?.length ?? 0, context)) ?? reply
  }

  /** Certificates are of any stage, snapshots of the own one and of the one that is kept, all else is of the own one. */
  #isServed(header: StateHeader): boolean {
    if (header.type === 'status' || header.type === 'certificates') return true
    const isKept = header.stage === this.#source.kept()?.stage
    if (header.type === 'checkpoints') return isKept
    const isSnapshot = header.type === 'manifest' || header.type === 'chunk'
    return header.stage === this.#source.status().stage || (isSnapshot && isKept)
  }

  /** A snapshot of the own stage, or one that is kept of another. */
  #snapshot(stage: number, round: number): SnapshotManifest | null {
    const kept = this.#source.kept()
    if (stage !== kept?.stage) return this.#source.snapshot(round)
    return kept.heads.find(head => head.round === round) ?? null
  }

  #piece(stage: number, round: number, offset: number): Promise<Uint8Array | null> {
    const kept = this.#source.kept()
    if (stage !== kept?.stage) return this.#source.snapshotPiece(round, offset, SNAPSHOT_CHUNK_BYTES)
    return kept.piece(round, offset, SNAPSHOT_CHUNK_BYTES)
  }

  async #answer(header: Exclude<StateHeader, ChunkHeader>, context: HandlerContext): Promise<Reply | Refusal> {
    switch (header.type) {
      case 'status':
        return { header: this.#source.status() }
      case 'certificates':
        return this.#certificates(header)
      case 'leaves': {
        const leaves = await this.#leavesOf(header.round, context.signal)
        return leaves === null ? UNKNOWN : { header: null, body: concatBytes(leaves) }
      }
      case 'partition': {
        const body = await this.#source.aggregate(header.round, header.partition)
        return body === null ? UNKNOWN : { header: null, body }
      }
      case 'checkpoints':
        return { header: { rounds: (this.#source.kept()?.heads ?? []).map(({ round }) => round) } }
      case 'manifest': {
        const manifest = this.#snapshot(header.stage, header.round)
        if (manifest === null) return UNKNOWN
        return { header: { bytes: manifest.bytes }, body: concatBytes(manifest.leaves) }
      }
    }
  }

  async #certificates({ stage, from, to }: CertificatesHeader): Promise<Reply | Refusal> {
    const bounded = { stage, from, to: Math.min(to, from + MAX_CERTIFICATES - 1) }
    const page: Uint8Array[] = []
    let bytes = 0
    for (const certificate of (await this.#source.certificates(bounded)).slice(0, MAX_CERTIFICATES)) {
      if (bytes > 0 && bytes + certificate.length > PAGE_MAX_BYTES) break
      page.push(certificate)
      bytes += certificate.length
    }
    const oldest = this.#source.oldest(stage)
    if (page.length === 0 && oldest !== null && from < oldest) return refuse('pruned', `kept from round ${oldest} on`)
    return { header: null, body: encode(page) }
  }

  async #leavesOf(round: number, signal: AbortSignal): Promise<readonly Hash[] | null> {
    const known = this.#leaves.get(round)
    if (known !== undefined) return known
    const partitions = await this.#source.aggregates(round)
    if (partitions === undefined || partitions === null) return null
    const leaves = await Promise.all(partitions.map(partition => this.#digest(partition, { signal })))
    this.#leaves.set(round, leaves)
    for (const oldest of this.#leaves.keys()) {
      if (this.#leaves.size <= REMEMBERED_LEAVES) break
      this.#leaves.delete(oldest)
    }
    return leaves
  }

  async #chunk({ stage, round, index }: ChunkHeader, context: HandlerContext): Promise<Reply | Refusal> {
    const manifest = this.#snapshot(stage, round)
    const leaf = manifest?.leaves[index]
    if (manifest === null || leaf === undefined) return UNKNOWN
    const offset = index * SNAPSHOT_CHUNK_BYTES
    // Read when its turn has come: what waits holds no memory.
    const late = await this.#inTurn(Math.min(SNAPSHOT_CHUNK_BYTES, manifest.bytes - offset), context)
    if (late !== null) return late
    const body = await this.#piece(stage, round, offset)
    // The leaf stands for the bytes: hashing them again would cost as much as sending them. If they rotted, the asker finds out.
    return body === null ? UNKNOWN : { header: null, body, digest: leaf }
  }

  /** Null once the bytes may be sent; a refusal where that would take too long. */
  async #inTurn(bytes: number, context: HandlerContext): Promise<Refusal | null> {
    const waitMs = this.#bandwidth.reserve(context.from, bytes, this.#clock.nowMs())
    if (waitMs === null) return refuse('overloaded', 'asked for more than the bandwidth of one peer')
    if (waitMs === 0) return null
    const { signal } = context
    return new Promise(resolve => {
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', end)
        resolve(signal.aborted ? refuse('aborted') : null)
      }
      const cancel = this.#clock.after(waitMs, end)
      signal.addEventListener('abort', end, { once: true })
    })
  }
}
