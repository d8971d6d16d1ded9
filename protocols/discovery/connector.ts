/** Keeps the seats of the needed stages connected, once their records are known. */
import type { PeerName } from '../wire/messages.ts'
import { DIAL_YIELD_MS, DIALS_PARALLEL, IDLE_MS, STEADY_MS } from './constants.ts'
import { forEachParallel } from './deadline.ts'
import { Loop } from './loop.ts'
import type { RecordBook } from './record-book.ts'
import { Retries } from './retries.ts'
import type { DiscoveryComponents, DiscoveryInit } from './types.ts'

interface Call {
  /** Of the record, not the peer: new addresses are tried without the wait that the old ones earned. */
  readonly key: string
  readonly peer: PeerName
  readonly addresses: readonly string[]
}

type ConnectorComponents = Pick<DiscoveryComponents, 'peerId' | 'connectionManager' | 'clock' | 'random'>

export class Connector {
  readonly #components: ConnectorComponents
  readonly #init: DiscoveryInit
  readonly #book: RecordBook
  readonly #self: PeerName
  readonly #dials: Retries
  readonly #loop: Loop
  readonly #abort = new AbortController()

  constructor(components: ConnectorComponents, init: DiscoveryInit, book: RecordBook) {
    this.#components = components
    this.#init = init
    this.#book = book
    this.#self = components.peerId.toString()
    this.#dials = new Retries(components.clock, components.random, STEADY_MS)
    this.#loop = new Loop(components.clock, () => this.#pass())
  }

  wake(): void {
    this.#loop.wake()
  }

  stop(): void {
    this.#abort.abort()
    this.#loop.stop()
  }

  async #pass(): Promise<number> {
    const calls = this.#unconnected()
    for (const { key, peer } of calls) if (this.#self > peer) this.#dials.delay(key, DIAL_YIELD_MS)
    const due = calls.filter(({ key }) => this.#dials.isDue(key))
    await forEachParallel(due, DIALS_PARALLEL, call => this.#dial(call))
    const left = this.#unconnected().map(({ key }) => key)
    this.#dials.keepOnly(new Set(left))
    return this.#dials.waitMs(left, IDLE_MS)
  }

  #unconnected(): readonly Call[] {
    const stages = new Set(this.#init.needed())
    const connections = this.#components.connectionManager.getConnections()
    const connected = new Set(connections.map(({ remotePeer }) => remotePeer.toString()))
    return [...stages].flatMap(stage =>
      this.#init.seats.seats(stage).flatMap(peer => (connected.has(peer) ? [] : this.#callOf(peer, stage))),
    )
  }

  #callOf(peer: PeerName, stage: number): readonly Call[] {
    const record = this.#book.recordOf(peer, stage)
    if (peer === this.#self || record === null) return []
    // It can only be waited for; dialling it would search the DHT, and hold up the dial of its next record.
    if (record.payload.addresses.length === 0) return []
    return [{ key: `${peer}/${record.payload.sequence}`, peer, addresses: record.payload.addresses }]
  }

  async #dial({ key, peer, addresses }: Call): Promise<void> {
    this.#dials.tried(key)
    // A peer that is away is no event: it is dialled again after its back-off.
    await this.#init.dial(peer, addresses, this.#abort.signal).catch(() => undefined)
  }
}
