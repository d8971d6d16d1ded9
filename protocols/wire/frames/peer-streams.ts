/**
 * One long-lived stream a peer for one protocol: opened on demand, either side's, with back-off; closed when idle. Opening
 * a stream costs four round trips of an open one (libp2p.md), so none is opened for a single message.
 */
import type { Connection, PeerId, Stream, StreamHandlerOptions } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import * as constants from '../constants.ts'
import type { CancelTimer } from '../environment.ts'
import type { PeerName } from '../messages.ts'
import { isRefusal, type Refusal, refuse } from '../refusals.ts'
import { Allowance, type CarriedLimits } from './allowance.ts'
import { startDeadline } from './deadline.ts'
import { FrameError, UnknownAddress } from './errors.ts'
import { ByteBudget } from './limiter.ts'
import { RequestStream, type RequestStreamLimits } from './request-stream.ts'
import type { Handlers, Message, NoteOptions, RefusalListener, RequestOptions, StreamEnvironment } from './types.ts'

/** What is used of a libp2p connection. */
export type PeerConnection = Pick<Connection, 'newStream' | 'close' | 'abort' | 'limits'>

/** What is used of the connection that a stream came in on. */
export type InboundConnection = Pick<Connection, 'remotePeer' | 'limits'>

/** What is used of libp2p's components; they fit as they are. */
export interface PeerStreamsComponents extends StreamEnvironment {
  readonly registrar: {
    handle(
      protocol: string,
      handler: (stream: Stream, connection: InboundConnection) => void,
      options: StreamHandlerOptions,
    ): Promise<void>
    unhandle(protocol: string): Promise<void>
  }
  readonly connectionManager: {
    openConnection(peer: PeerId, options: { signal: AbortSignal; force: boolean }): Promise<PeerConnection>
  }
}

export interface PeerStreamsInit extends Handlers {
  /** Such as `/swarm-node/reduce/1`. */
  readonly protocol: string
  /** A connection of its own, so that control messages do not queue behind bulk (6.5 ms instead of 0.3 ms a round trip). */
  readonly dedicatedConnection?: boolean
  readonly onRefusal: RefusalListener
  readonly maxPeers?: number
  readonly idleMs?: number
  /** Bytes of bodies that are received or handled at a time, all peers together. */
  readonly maxBodyBytes?: number
  readonly limits?: Partial<RequestStreamLimits>
}

interface PeerEntry {
  /** Opened by us, and by the peer. Both exist only when both opened one at the same time. */
  outbound: RequestStream | null
  inbound: RequestStream | null
  dialling: Promise<RequestStream | Refusal> | null
  failures: number
  retryAtMs: number
}

export class PeerStreams {
  readonly #components: PeerStreamsComponents
  readonly #init: PeerStreamsInit
  readonly #budget: ByteBudget
  readonly #entries = new Map<PeerName, PeerEntry>()
  readonly #stopping = new AbortController()
  #cancelSweep: CancelTimer = () => undefined

  constructor(components: PeerStreamsComponents, init: PeerStreamsInit) {
    this.#components = components
    this.#init = init
    this.#budget = new ByteBudget(init.maxBodyBytes ?? constants.MAX_PROTOCOL_BODY_BYTES)
  }

  async start(): Promise<void> {
    await this.#components.registrar.handle(this.#init.protocol, this.#accept, {
      maxInboundStreams: STREAMS_A_CONNECTION,
      maxOutboundStreams: STREAMS_A_CONNECTION,
      runOnLimitedConnection: true,
    })
    this.#sweepLater()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#cancelSweep()
    await this.#components.registrar.unhandle(this.#init.protocol)
    await Promise.all([...this.#entries.keys()].map(peer => this.disconnect(peer)))
  }

  /** Peers with an open stream. */
  peers(): PeerName[] {
    return [...this.#entries].filter(([, entry]) => openOf(entry) !== null).map(([peer]) => peer)
  }

  /** As {@link RequestStream.request}; opens a stream where there is none. `unreachable` at once while backing off. */
  async request(
    peer: PeerName,
    header: unknown,
    body?: Uint8Array,
    options: RequestOptions = {},
  ): Promise<Message | Refusal> {
    const stream = await this.#streamTo(peer, options.signal)
    return isRefusal(stream) ? stream : stream.request(header, body, options)
  }

  /** As {@link RequestStream.notify}; opens a stream where there is none. */
  async notify(peer: PeerName, header: unknown, body?: Uint8Array, options: NoteOptions = {}): Promise<Refusal | null> {
    const stream = await this.#streamTo(peer, options.signal)
    return isRefusal(stream) ? stream : stream.notify(header, body, options)
  }

  /** Closes the streams to a peer and forgets its back-off. */
  async disconnect(peer: PeerName): Promise<void> {
    const entry = this.#entries.get(peer)
    this.#entries.delete(peer)
    await Promise.all([entry?.outbound?.close(), entry?.inbound?.close()])
  }

  async #streamTo(peer: PeerName, signal: AbortSignal | undefined): Promise<RequestStream | Refusal> {
    if (this.#stopping.signal.aborted) return refuse('aborted', 'stopped')
    if (signal?.aborted === true) return refuse('aborted')
    const entry = this.#entryOf(peer)
    if (entry === null) return refuse('overloaded', 'streams to too many peers are open')
    const open = openOf(entry)
    if (open !== null) return open
    if (entry.dialling === null) {
      const waitMs = entry.retryAtMs - this.#components.clock.nowMs()
      if (waitMs > 0) return refuse('unreachable', `next attempt in ${Math.ceil(waitMs)} ms`)
      entry.dialling = this.#dial(peer, entry)
    }
    return abortable(entry.dialling, signal)
  }

  /** Shared by all callers that need the peer, so none of their signals ends it. */
  async #dial(peer: PeerName, entry: PeerEntry): Promise<RequestStream | Refusal> {
    const { clock, random, connectionManager } = this.#components
    const { protocol, dedicatedConnection = false } = this.#init
    const deadline = startDeadline(clock, constants.DIAL_TIMEOUT_MS, this.#stopping.signal)
    let connection: PeerConnection | null = null
    // A relayed connection is shared by all protocols, whoever asked for one of its own.
    const isOwn = ({ limits }: PeerConnection): boolean => dedicatedConnection && limits === undefined
    try {
      connection = await connectionManager.openConnection(peerIdFromString(peer), {
        signal: deadline.signal,
        force: dedicatedConnection,
      })
      const opened = await connection.newStream(protocol, { signal: deadline.signal, runOnLimitedConnection: true })
      if (this.#entries.get(peer) !== entry) {
        opened.abort(new FrameError('aborted', 'disconnected meanwhile'))
        throw new FrameError('aborted', 'disconnected meanwhile')
      }
      const stream = this.#wrap(opened, peer, connection.limits)
      entry.outbound = stream
      entry.failures = 0
      // What was opened for this stream alone goes with it.
      if (isOwn(connection)) void closeAfter(stream, connection)
      return stream
    } catch (error) {
      if (connection !== null && isOwn(connection)) connection.abort(new FrameError('unreachable', 'no stream'))
      const backoffMs = Math.min(constants.DIAL_BACKOFF_CAP_MS, constants.DIAL_BACKOFF_MS * 2 ** entry.failures)
      // A peer that nobody has told of yet did not fail; it is likely to come in a moment.
      if (!(error instanceof UnknownAddress)) entry.failures++
      entry.retryAtMs = clock.nowMs() + backoffMs * (0.5 + random() / 2)
      return deadline.signal.aborted
        ? deadline.reason()
        : refuse('unreachable', error instanceof Error ? error.message : String(error))
    } finally {
      deadline.clear()
      entry.dialling = null
    }
  }

  readonly #accept = (opened: Stream, connection: InboundConnection): void => {
    const peer = connection.remotePeer.toString()
    const entry = this.#entryOf(peer)
    if (entry === null || this.#stopping.signal.aborted) {
      this.#init.onRefusal('overloaded', peer, 'streams to too many peers are open')
      opened.abort(new FrameError('overloaded', 'too many peers'))
      return
    }
    // The peer opened a new one, so it has given up the old one.
    entry.inbound?.abort(new FrameError('unreachable', 'replaced by a newer stream'))
    entry.inbound = this.#wrap(opened, peer, connection.limits)
    entry.failures = 0
    entry.retryAtMs = 0
  }

  #wrap(opened: Stream, peer: PeerName, limits: CarriedLimits | undefined): RequestStream {
    const { clock, digest } = this.#components
    const { protocol: _, ...init } = this.#init
    return new RequestStream(opened, {
      ...init,
      clock,
      digest,
      peer,
      budget: this.#budget,
      allowance: Allowance.of(limits),
    })
  }

  /** The peer's entry; where there are too many, that of the longest unused peer without open requests makes room. */
  #entryOf(peer: PeerName): PeerEntry | null {
    const known = this.#entries.get(peer)
    if (known !== undefined) return known
    if (this.#entries.size >= (this.#init.maxPeers ?? constants.MAX_STREAM_PEERS)) {
      const victim = this.#longestUnused()
      if (victim === null) return null
      void this.disconnect(victim)
    }
    const entry: PeerEntry = { outbound: null, inbound: null, dialling: null, failures: 0, retryAtMs: 0 }
    this.#entries.set(peer, entry)
    return entry
  }

  #longestUnused(): PeerName | null {
    let found: { peer: PeerName; lastUseMs: number } | null = null
    for (const [peer, entry] of this.#entries) {
      if (entry.dialling !== null || openRequestsOf(entry) > 0) continue
      const lastUseMs = lastUseOf(entry)
      if (found === null || lastUseMs < found.lastUseMs) found = { peer, lastUseMs }
    }
    return found?.peer ?? null
  }

  #sweepLater(): void {
    const idleMs = this.#init.idleMs ?? constants.STREAM_IDLE_MS
    this.#cancelSweep = this.#components.clock.after(idleMs / 2, () => {
      const nowMs = this.#components.clock.nowMs()
      for (const [peer, entry] of this.#entries) {
        const backingOff = entry.dialling !== null || entry.retryAtMs > nowMs
        if (!backingOff && nowMs - lastUseOf(entry) >= idleMs) void this.disconnect(peer)
      }
      this.#sweepLater()
    })
  }
}

/** Ours and the peer's, each replaced once. */
const STREAMS_A_CONNECTION = 4

function streamsOf(entry: PeerEntry): RequestStream[] {
  return [entry.outbound, entry.inbound].filter(stream => stream?.isOpen === true).filter(stream => stream !== null)
}

function openOf(entry: PeerEntry): RequestStream | null {
  return streamsOf(entry)[0] ?? null
}

function openRequestsOf(entry: PeerEntry): number {
  return streamsOf(entry).reduce((total, stream) => total + stream.openRequests, 0)
}

function lastUseOf(entry: PeerEntry): number {
  return Math.max(Number.NEGATIVE_INFINITY, ...streamsOf(entry).map(stream => stream.lastUseMs))
}

async function closeAfter(stream: RequestStream, connection: PeerConnection): Promise<void> {
  await stream.closed
  await connection.close().catch((error: Error) => connection.abort(error))
}

/** The promise's result, or 'aborted' as soon as the signal fires. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | Refusal> {
  if (signal === undefined) return promise
  let onAbort = (): void => undefined
  const aborted = new Promise<Refusal>(resolve => {
    onAbort = () => resolve(refuse('aborted'))
  })
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
