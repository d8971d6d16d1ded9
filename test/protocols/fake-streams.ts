/** Streams between protocols in one process, without a network: what is sent is encoded, hashed and handed over. */
import { createHash } from 'node:crypto'
import { decodeStrict, encode } from '../../protocols/wire/cbor.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import type {
  HandlerContext,
  Handlers,
  Message,
  RefusalListener,
  RequestOptions,
} from '../../protocols/wire/frames/types.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'

export const digest: Digest = async bytes => sha256(bytes)

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** Some peers that pass for Ed25519 ones. */
export const PEERS: readonly PeerName[] = [...'ABCDEFGH'].map(letter => `12D3KooW${letter.repeat(44)}`)

export class FakeNetwork {
  readonly #handlers = new Map<PeerName, Handlers & { readonly onRefusal: RefusalListener }>()
  /** Peers that answer nothing. */
  readonly silent = new Set<PeerName>()
  /** Everything that was asked or said: from, to, header. */
  readonly log: { readonly from: PeerName; readonly to: PeerName; readonly header: unknown; readonly bytes: number }[] =
    []
  running = 0
  mostRunning = 0
  /** Awaited before anything is handed over. */
  gate: (to: PeerName) => Promise<void> = () => Promise.resolve()

  handle(peer: PeerName, handlers: Handlers, onRefusal: RefusalListener = () => {}): void {
    this.#handlers.set(peer, { ...handlers, onRefusal })
  }

  /** Why the peer takes no body from this one; null where it does. */
  barsBody(peer: PeerName, from: PeerName): Refusal | null {
    return this.#handlers.get(peer)?.admitBody?.(from) ?? null
  }

  streamsOf(self: PeerName): (handlers: Handlers, onRefusal?: RefusalListener) => FakeStreams {
    return (handlers, onRefusal) => {
      this.handle(self, handlers, onRefusal)
      return new FakeStreams(this, self)
    }
  }

  async request(
    from: PeerName,
    to: PeerName,
    header: unknown,
    body: Uint8Array,
    options: RequestOptions,
  ): Promise<Message | Refusal> {
    this.log.push({ from, to, header, bytes: body.length })
    const { onRequest: handler, areBodiesSpent } = this.#handlers.get(to) ?? {}
    if (handler === undefined) return refuse('unreachable')
    const travelledBody = body.slice()
    if (this.silent.has(to)) return refuse('timed-out')
    this.running += 1
    this.mostRunning = Math.max(this.mostRunning, this.running)
    try {
      await this.gate(to)
      const signal = options.signal ?? new AbortController().signal
      const reply = await handler(travelled(header), travelledBody, contextOf(from, body, signal))
      if (isRefusal(reply)) {
        this.#handlers.get(to)?.onRefusal(reply.refused, from, reply.detail)
        return reply
      }
      const answer = reply.body?.slice() ?? new Uint8Array(0)
      return { header: travelled(reply.header), body: answer, digest: digestOf(answer) }
    } finally {
      this.running -= 1
      if (areBodiesSpent === true) travelledBody.buffer.transfer(0)
    }
  }

  async notify(
    from: PeerName,
    to: PeerName,
    header: unknown,
    body: Uint8Array,
    options: RequestOptions,
  ): Promise<Refusal | null> {
    const handler = this.#handlers.get(to)?.onNote
    if (handler === undefined || this.silent.has(to)) return refuse('unreachable')
    await this.gate(to)
    this.log.push({ from, to, header, bytes: body.length })
    const signal = options.signal ?? new AbortController().signal
    const refused = await handler(travelled(header), body.slice(), contextOf(from, body, signal))
    if (refused !== null) this.#handlers.get(to)?.onRefusal(refused.refused, from, refused.detail)
    return null
  }
}

export class FakeStreams {
  readonly #network: FakeNetwork
  readonly #self: PeerName
  readonly disconnected: PeerName[] = []

  constructor(network: FakeNetwork, self: PeerName) {
    this.#network = network
    this.#self = self
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  request(
    to: PeerName,
    header: unknown,
    body: Uint8Array = new Uint8Array(0),
    options: RequestOptions = {},
  ): Promise<Message | Refusal> {
    return this.#network.request(this.#self, to, header, body, options)
  }

  notify(
    to: PeerName,
    header: unknown,
    body: Uint8Array = new Uint8Array(0),
    options: RequestOptions = {},
  ): Promise<Refusal | null> {
    return this.#network.notify(this.#self, to, header, body, options)
  }

  async disconnect(peer: PeerName): Promise<void> {
    this.disconnected.push(peer)
  }
}

function travelled(header: unknown): unknown {
  return decodeStrict(encode(header), { maxBytes: 4 * 1024 * 1024 })
}

function digestOf(body: Uint8Array): Uint8Array | null {
  return body.length === 0 ? null : sha256(body)
}

function contextOf(from: PeerName, body: Uint8Array, signal: AbortSignal): HandlerContext {
  return {
    from,
    digest: digestOf(body),
    signal,
    get isGivenUp() {
      return signal.aborted
    },
  }
}
