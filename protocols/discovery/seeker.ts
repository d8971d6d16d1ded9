/** Searches the records of the needed stages' seats until none is missing; then watches. */
import type { PeerName } from '../wire/messages.ts'
import { DHT_AFTER_MS, EXCHANGE_PEERS, IDLE_MS, QUERIES_PARALLEL, QUERY_TIMEOUT_MS } from './constants.ts'
import { forEachParallel, within } from './deadline.ts'
import { findProviders, getRecords } from './dht-records.ts'
import type { Exchange } from './exchange.ts'
import { Loop } from './loop.ts'
import type { RecordBook } from './record-book.ts'
import { Retries } from './retries.ts'
import type { DiscoveryComponents, DiscoveryInit } from './types.ts'

export class Seeker {
  readonly #components: DiscoveryComponents
  readonly #init: DiscoveryInit
  readonly #book: RecordBook
  readonly #exchange: Exchange
  readonly #self: PeerName
  readonly #searches: Retries
  readonly #loop: Loop
  readonly #abort = new AbortController()
  /** Stages that are being searched in the DHT. */
  readonly #inDht = new Set<number>()
  /** When a seat of the stage was first missing, ms of the clock. */
  readonly #missingSince = new Map<number, number>()

  constructor(components: DiscoveryComponents, init: DiscoveryInit, book: RecordBook, exchange: Exchange) {
    this.#components = components
    this.#init = init
    this.#book = book
    this.#exchange = exchange
    this.#self = components.peerId.toString()
    this.#searches = new Retries(components.clock, components.random)
    this.#loop = new Loop(components.clock, () => this.#pass())
  }

  wake(): void {
    this.#loop.wake()
  }

  stop(): void {
    this.#abort.abort()
    this.#loop.stop()
  }

  /** Seats of the stage, but this peer's, whose record is not known. */
  missing(stage: number): readonly PeerName[] {
    return this.#init.seats
      .seats(stage)
      .filter(peer => peer !== this.#self && this.#book.recordOf(peer, stage) === null)
  }

  /** One search for a stage: first those connected, then providers, then the DHT's value of each missing seat. */
  async find(stage: number, signal: AbortSignal): Promise<void> {
    if (await this.#askConnected(stage, signal)) return
    await this.#askDht(stage, signal)
  }

  /** True where nothing is missing any more. */
  async #askConnected(stage: number, signal: AbortSignal): Promise<boolean> {
    await forEachParallel(this.#someConnected(), EXCHANGE_PEERS, peer => this.#ask(peer, stage, signal))
    return this.missing(stage).length === 0 && this.#init.seats.seats(stage).length > 0
  }

  async #askDht(stage: number, signal: AbortSignal): Promise<void> {
    const provided = await this.#providers(stage, signal)
    const wanted = new Set([...this.missing(stage), ...provided])
    wanted.delete(this.#self)
    await forEachParallel(wanted, QUERIES_PARALLEL, peer => this.#get(peer, stage, signal))
  }

  async #pass(): Promise<number> {
    const due = this.#incomplete().filter(stage => this.#searches.isDue(`${stage}`))
    await Promise.all(due.map(stage => this.#search(stage)))
    const incomplete = this.#incomplete()
    for (const stage of this.#missingSince.keys()) if (!incomplete.includes(stage)) this.#missingSince.delete(stage)
    const left = incomplete.map(stage => `${stage}`)
    this.#searches.keepOnly(new Set(left))
    return this.#searches.waitMs(left, IDLE_MS)
  }

  #incomplete(): readonly number[] {
    return [...new Set(this.#init.needed())].filter(stage => this.missing(stage).length > 0)
  }

  async #search(stage: number): Promise<void> {
    const before = this.missing(stage).length
    if (!(await this.#askConnected(stage, this.#abort.signal)) && this.#isDhtDue(stage)) this.#askDhtBeside(stage)
    // Records are arriving: look again soon, the rest is likely on its way.
    if (this.missing(stage).length < before) this.#searches.forget(`${stage}`)
    this.#searches.tried(`${stage}`)
  }

  /** A swarm that starts together knows itself by exchange in a moment; the DHT's walks would only take its time. */
  #isDhtDue(stage: number): boolean {
    const nowMs = this.#components.clock.nowMs()
    const sinceMs = this.#missingSince.get(stage) ?? nowMs
    this.#missingSince.set(stage, sinceMs)
    return nowMs - sinceMs >= DHT_AFTER_MS
  }

  /**
   * Not waited for: a peer that knows nobody yet waits for its query's whole time, in which others may connect who know the
   * record.
   */
  #askDhtBeside(stage: number): void {
    if (this.#inDht.has(stage)) return
    this.#inDht.add(stage)
    void this.#askDht(stage, this.#abort.signal).finally(() => {
      this.#inDht.delete(stage)
      this.#loop.wake()
    })
  }

  /** A random few of the connected peers: who is asked should not depend on the order of connecting. */
  #someConnected(): readonly PeerName[] {
    const peers = [...this.#exchange.peers()]
    const some: PeerName[] = []
    while (some.length < EXCHANGE_PEERS && peers.length > 0) {
      some.push(...peers.splice(Math.floor(this.#components.random() * peers.length), 1))
    }
    return some
  }

  async #ask(peer: PeerName, stage: number, signal: AbortSignal): Promise<void> {
    await quietly(this.#exchange.ask(peer, stage, signal))
  }

  async #providers(stage: number, signal: AbortSignal): Promise<readonly PeerName[]> {
    const { clock, dht } = this.#components
    const query = within(clock, QUERY_TIMEOUT_MS, signal, limited => findProviders(dht, this.#init.run, stage, limited))
    const found = await query.catch(() => [])
    const known = this.#init.seats.seats(stage).length > 0
    return [...found].filter(
      peer => this.#book.recordOf(peer, stage) === null && (!known || this.#init.seats.hasSeat(peer, stage)),
    )
  }

  async #get(peer: PeerName, stage: number, signal: AbortSignal): Promise<void> {
    const { clock, dht } = this.#components
    const key = { run: this.#init.run, stage, peer }
    const query = within(clock, QUERY_TIMEOUT_MS, signal, async limited => {
      for await (const envelope of getRecords(dht, key, limited)) await this.#book.admit(envelope, null)
    })
    await quietly(query)
  }
}

/** A question that is not answered is no event: the search is repeated after its back-off. */
async function quietly(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined)
}
