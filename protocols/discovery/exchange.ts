/** Asking a connected peer for the records that it knows: one request, one answer, both DAG-CBOR with a length in front. */

import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { lpStream } from '@libp2p/utils'
import { decodeStrict, encode } from '../wire/cbor.ts'
import { MAX_STAGES } from '../wire/constants.ts'
import type { Clock } from '../wire/environment.ts'
import { integer, nullable, object } from '../wire/fields.ts'
import { contentIdText } from '../wire/message-fields.ts'
import type { ContentId, PeerName } from '../wire/messages.ts'
import type { RefusalReason } from '../wire/refusals.ts'
import {
  DISCOVERY_PROTOCOL,
  EXCHANGE_ASKERS_MAX,
  EXCHANGE_RECORDS_MAX,
  EXCHANGE_REQUEST_MAX_BYTES,
  EXCHANGE_REQUESTS_MAX,
  EXCHANGE_RESPONSE_MAX_BYTES,
  EXCHANGE_STREAMS_MAX,
  EXCHANGE_TIMEOUT_MS,
  EXCHANGE_WINDOW_MS,
} from './constants.ts'
import { within } from './deadline.ts'
import { decodeEnvelopes, type RecordBook } from './record-book.ts'
import type { DiscoveryComponents } from './types.ts'

/** Records of one stage, or of all with null. */
export interface ExchangeRequest {
  readonly run: ContentId
  readonly stage: number | null
}

const REQUEST = object<ExchangeRequest>({ run: contentIdText, stage: nullable(integer(0, MAX_STAGES - 1)) })

/** Null where the bytes are no request. */
export function decodeRequest(encoded: Uint8Array): ExchangeRequest | null {
  const request = decodeStrict(encoded, { maxBytes: EXCHANGE_REQUEST_MAX_BYTES })
  return isRequest(request) ? request : null
}

function isRequest(value: unknown): value is ExchangeRequest {
  return REQUEST(value, '') === null
}

/** Counts the requests of each peer in a window. */
export class RequestLimiter {
  readonly #clock: Clock
  /** The oldest window first. */
  readonly #windows = new Map<PeerName, { startMs: number; requests: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Peers that are remembered. */
  get size(): number {
    return this.#windows.size
  }

  allow(peer: PeerName): boolean {
    const nowMs = this.#clock.nowMs()
    const window = this.#windows.get(peer)
    if (window === undefined || nowMs - window.startMs >= EXCHANGE_WINDOW_MS) {
      this.#windows.delete(peer)
      this.#windows.set(peer, { startMs: nowMs, requests: 1 })
      this.#leaveOutOldest()
      return true
    }
    window.requests++
    return window.requests <= EXCHANGE_REQUESTS_MAX
  }

  /** Of who does not say that it speaks the protocol, and asks, libp2p does not tell that it left. */
  #leaveOutOldest(): void {
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= EXCHANGE_ASKERS_MAX) break
      this.#windows.delete(oldest)
    }
  }

  /** Called when the peer disconnects. */
  forget(peer: PeerName): void {
    this.#windows.delete(peer)
  }
}

type ExchangeComponents = Pick<DiscoveryComponents, 'registrar' | 'connectionManager' | 'clock'>

export interface ExchangeInit {
  readonly run: ContentId
  readonly book: RecordBook
  readonly onRefused: (reason: RefusalReason, from: PeerName) => void
  /** A peer that speaks the protocol connected. */
  readonly onPeer: (peer: PeerName) => void
}

export class Exchange {
  readonly #components: ExchangeComponents
  readonly #init: ExchangeInit
  readonly #limiter: RequestLimiter
  readonly #peers = new Set<PeerName>()
  readonly #abort = new AbortController()
  #topology: string | null = null

  constructor(components: ExchangeComponents, init: ExchangeInit) {
    this.#components = components
    this.#init = init
    this.#limiter = new RequestLimiter(components.clock)
  }

  async start(): Promise<void> {
    const { registrar } = this.#components
    await registrar.handle(
      DISCOVERY_PROTOCOL,
      (stream, connection) => this.#answer(stream, connection.remotePeer.toString()),
      // Over a relay too: records are small, and they say how to do without it.
      {
        maxInboundStreams: EXCHANGE_STREAMS_MAX,
        maxOutboundStreams: EXCHANGE_STREAMS_MAX,
        runOnLimitedConnection: true,
      },
    )
    this.#topology = await registrar.register(DISCOVERY_PROTOCOL, {
      notifyOnLimitedConnection: true,
      onConnect: peer => {
        this.#peers.add(peer.toString())
        this.#init.onPeer(peer.toString())
      },
      onDisconnect: peer => {
        this.#peers.delete(peer.toString())
        this.#limiter.forget(peer.toString())
      },
    })
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    if (this.#topology !== null) this.#components.registrar.unregister(this.#topology)
    await this.#components.registrar.unhandle(DISCOVERY_PROTOCOL)
  }

  /** Connected peers that speak the protocol. */
  peers(): readonly PeerName[] {
    return [...this.#peers]
  }

  /** Admits what the peer knows of a stage, or of all with null. Rejects where it does not answer, or not properly. */
  async ask(peer: PeerName, stage: number | null, signal: AbortSignal): Promise<void> {
    const request: ExchangeRequest = { run: this.#init.run, stage }
    const envelopes = await within(this.#components.clock, EXCHANGE_TIMEOUT_MS, signal, async limited => {
      const { connectionManager } = this.#components
      const stream = await connectionManager.openStream(peerIdFromString(peer), DISCOVERY_PROTOCOL, {
        signal: limited,
        runOnLimitedConnection: true,
      })
      return await closing(stream, limited, async () => {
        const frames = lpStream(stream, { maxDataLength: EXCHANGE_RESPONSE_MAX_BYTES })
        await frames.write(encode(request), { signal: limited })
        return decodeEnvelopes((await frames.read({ signal: limited })).subarray(), EXCHANGE_RECORDS_MAX)
      })
    })
    if (envelopes === null) return this.#init.onRefused('bad-encoding', peer)
    for (const envelope of envelopes) await this.#init.book.admit(envelope, peer)
  }

  async #answer(stream: Stream, peer: PeerName): Promise<void> {
    try {
      await within(this.#components.clock, EXCHANGE_TIMEOUT_MS, this.#abort.signal, limited =>
        closing(stream, limited, async () => {
          const frames = lpStream(stream, { maxDataLength: EXCHANGE_REQUEST_MAX_BYTES })
          const request = decodeRequest((await frames.read({ signal: limited })).subarray())
          const envelopes = this.#select(request, peer)
          await frames.write(encode(envelopes), { signal: limited })
        }),
      )
    } catch {
      // The peer left, was too slow or sent too much; closing() has reset the stream, and there is nobody to tell.
    }
  }

  /** What a request is answered with; nothing where it is refused, so that the other side need not wait. */
  #select(request: ExchangeRequest | null, peer: PeerName): readonly Uint8Array[] {
    const refused = this.#refusal(request, peer)
    if (refused !== null) this.#init.onRefused(refused, peer)
    if (refused !== null || request === null) return []
    return this.#init.book.select(request.stage, EXCHANGE_RECORDS_MAX).map(record => record.envelope)
  }

  #refusal(request: ExchangeRequest | null, peer: PeerName): RefusalReason | null {
    if (request === null) return 'bad-encoding'
    if (request.run !== this.#init.run) return 'wrong-run'
    return this.#limiter.allow(peer) ? null : 'overloaded'
  }
}

/** Closes the stream when `work` is done, resets it when `work` fails. */
async function closing<T>(stream: Stream, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work()
    await stream.close({ signal })
    return result
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}
