/** Who holds which stage, and where they can be reached (README.md is the specification). */
import type { CancelTimer } from '../wire/environment.ts'
import type { PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { Connector } from './connector.ts'
import { SAVE_DELAY_MS } from './constants.ts'
import { Exchange } from './exchange.ts'
import { Publisher } from './publisher.ts'
import type { RecordBook } from './record-book.ts'
import { Seeker } from './seeker.ts'
import type { DiscoveryComponents, DiscoveryInit, SignedRecord } from './types.ts'

export class Discovery {
  readonly #components: DiscoveryComponents
  readonly #init: DiscoveryInit
  readonly #book: RecordBook
  readonly #exchange: Exchange
  readonly #seeker: Seeker
  readonly #connector: Connector
  readonly #publisher: Publisher
  readonly #unsubscribe: () => void
  readonly #abort = new AbortController()
  #saveTimer: CancelTimer | null = null
  #saving: Promise<void> = Promise.resolve()
  /** Records came that are not stored yet. */
  #unsaved = false

  /** `book` is the one whose `validate` and `selectNewest` the DHT uses. */
  constructor(components: DiscoveryComponents, init: DiscoveryInit, book: RecordBook) {
    this.#components = components
    this.#init = init
    this.#book = book
    this.#exchange = new Exchange(components, {
      run: init.run,
      book,
      onRefused: (reason, from) => init.onRefused?.(reason, from),
      onPeer: peer => this.#onPeer(peer),
    })
    this.#seeker = new Seeker(components, init, book, this.#exchange)
    this.#connector = new Connector(components, init, book)
    this.#publisher = new Publisher(components, init, book, () => this.#save())
    this.#unsubscribe = book.subscribe(record => this.#onRecord(record))
  }

  /** Takes the stored records back and begins to search. */
  async start(): Promise<void> {
    const stored = await this.#components.storage.read()
    if (stored !== null) await this.#book.import(stored)
    await this.#exchange.start()
    this.wake()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#unsubscribe()
    this.#seeker.stop()
    this.#connector.stop()
    this.#publisher.stop()
    await this.#exchange.stop()
    await this.#save()
  }

  /**
   * Makes the addresses (multiaddrs without /p2p) known under the stage, and keeps them known. Call it at start and
   * whenever they change. Resolves when the record is stored; spreading goes on in the background.
   */
  async announce(stage: number, addresses: readonly string[]): Promise<void> {
    await this.#publisher.announce(stage, addresses)
  }

  /** Records of the stage's seats, newest first; this peer's own too once it is announced. */
  peersOf(stage: number): readonly SignedRecord[] {
    return this.#book.peersOf(stage)
  }

  recordOf(peer: PeerName, stage: number): SignedRecord | null {
    return this.#book.recordOf(peer, stage)
  }

  /** Seats, but this peer's, whose record is not known yet. */
  missing(stage: number): readonly PeerName[] {
    return this.#seeker.missing(stage)
  }

  /** One search now, beside those of the background. */
  async find(stage: number, signal: AbortSignal): Promise<readonly SignedRecord[]> {
    await this.#seeker.find(stage, signal)
    signal.throwIfAborted()
    return this.peersOf(stage)
  }

  /** Call when the seats or the needed stages changed, or a connection ended. */
  wake(): void {
    this.#seeker.wake()
    this.#connector.wake()
  }

  /** Gossip's decision about a record: null lets it be forwarded. A stranger's record is kept where there is room, not passed on. */
  async accept(
    envelope: Uint8Array,
    context: { readonly stage: number; readonly from: PeerName },
  ): Promise<Refusal | null> {
    const admission = await this.#book.admit(envelope, context.from)
    if (isRefusal(admission)) return admission
    const { signer, payload } = admission.record
    if (payload.stage !== context.stage)
      return refuse('wrong-stage', `${payload.stage} on the topic of ${context.stage}`)
    if (!this.#init.seats.hasSeat(signer, payload.stage)) return refuse('no-seat', signer)
    return null
  }

  /** The book took a record that is new or newer. */
  #onRecord(record: SignedRecord): void {
    this.#unsaved = true
    this.#saveSoon()
    if (record.signer === this.#components.peerId.toString()) this.#publisher.onOwnRecord(record)
    else this.#connector.wake()
    this.#init.onRecord?.(record)
  }

  #onPeer(peer: PeerName): void {
    const asked = this.#exchange.ask(peer, null, this.#abort.signal)
    // The peer may leave, or speak another version; the search asks others.
    void asked
      .catch(() => undefined)
      .then(() => {
        this.#publisher.onPeer()
        this.#seeker.wake()
      })
  }

  #saveSoon(): void {
    if (this.#saveTimer !== null || this.#abort.signal.aborted) return
    // A write that fails is repeated with the next record; only the own record's must succeed, and announce() says so.
    this.#saveTimer = this.#components.clock.after(SAVE_DELAY_MS, () => void this.#save().catch(() => undefined))
  }

  /** Resolves when all that the book holds now is stored. Writes follow one another. */
  #save(): Promise<void> {
    this.#saveTimer?.()
    this.#saveTimer = null
    const write = (): Promise<void> => this.#write()
    this.#saving = this.#saving.then(write, write)
    return this.#saving
  }

  async #write(): Promise<void> {
    if (!this.#unsaved) return
    this.#unsaved = false
    try {
      await this.#components.storage.write(this.#book.export())
    } catch (error) {
      this.#unsaved = true
      throw error
    }
  }
}
