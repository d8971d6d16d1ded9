/** Answers of the state protocol: what this peer holds, at a bounded speed a peer. */
import { encode } from '../wire/cbor.ts'
import type { Clock, Digest } from '../wire/environment.ts'
import type { HandlerContext, Reply } from '../wire/frames/types.ts'
import { concatBytes } from '../wire/hash.ts'
import type { Hash, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { Bandwidth } from './bandwidth.ts'
import {
  MAX_ACCOUNTED_PEERS,
  MAX_BANDWIDTH_WAIT_MS,
  MAX_CERTIFICATES,
  PAGE_MAX_BYTES,
  PEER_BURST_BYTES,
  PEER_BYTES_PER_SECOND,
  REMEMBERED_LEAVES,
  SNAPSHOT_CHUNK_BYTES,
} from './constants.ts'
import { type CertificatesHeader, type ChunkHeader, parseHeader, type StateHeader } from './headers.ts'
import type { StateInit, StateSource } from './types.ts'

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
    const limits = {
      bytesPerSecond: PEER_BYTES_PER_SECOND,
      burstBytes: PEER_BURST_BYTES,
      maxWaitMs: MAX_BANDWIDTH_WAIT_MS,
    }
    this.#init = init
    this.#source = init.source
    this.#clock = components.clock
    this.#digest = components.digest
    this.#bandwidth = new Bandwidth(init.bandwidth ?? limits, MAX_ACCOUNTED_PEERS)
  }

  async handle(value: unknown, { from, signal }: HandlerContext): Promise<Reply | Refusal> {
    const barred = this.#init.admit(from)
    if (barred !== null) return barred
    const header = parseHeader(value)
    if (isRefusal(header)) return header
    const isOwn =
      header.type === 'status' || header.type === 'certificates' || header.stage === this.#source.status().stage
    if (!isOwn) return refuse('wrong-stage')
    const reply = await this.#answer(header, signal)
    if (isRefusal(reply)) return reply
    return (await this.#inTurn(from, reply.body?.length ?? 0, signal)) ?? reply
  }

  async #answer(header: StateHeader, signal: AbortSignal): Promise<Reply | Refusal> {
    switch (header.type) {
      case 'status':
        return { header: this.#source.status() }
      case 'certificates':
        return this.#certificates(header)
      case 'leaves': {
        const leaves = await this.#leavesOf(header.round, signal)
        return leaves === null ? UNKNOWN : { header: null, body: concatBytes(leaves) }
      }
      case 'partition': {
        const body = await this.#source.aggregate(header.round, header.partition)
        return body === null ? UNKNOWN : { header: null, body }
      }
      case 'manifest': {
        const manifest = this.#source.snapshot(header.round)
        if (manifest === null) return UNKNOWN
        return { header: { bytes: manifest.bytes }, body: concatBytes(manifest.leaves) }
      }
      case 'chunk':
        return this.#chunk(header)
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

  async #chunk({ round, index }: ChunkHeader): Promise<Reply | Refusal> {
    const manifest = this.#source.snapshot(round)
    const digest = manifest?.leaves[index]
    if (digest === undefined) return UNKNOWN
    const body = await this.#source.snapshotPiece(round, index * SNAPSHOT_CHUNK_BYTES, SNAPSHOT_CHUNK_BYTES)
    // Not with the leaf as its digest: bytes that have rotted on the disk are found out here, not at the peer.
    return body === null ? UNKNOWN : { header: null, body }
  }

  /** Null once the bytes may be sent; a refusal where that would take too long. */
  async #inTurn(from: PeerName, bytes: number, signal: AbortSignal): Promise<Refusal | null> {
    const waitMs = this.#bandwidth.reserve(from, bytes, this.#clock.nowMs())
    if (waitMs === null) return refuse('overloaded', 'asked for more than the bandwidth of one peer')
    if (waitMs === 0) return null
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
