/** Makes the own record and keeps it known: gossip at once, DHT, and both again on a schedule. */
import type { CancelTimer } from '../wire/environment.ts'
import type { PeerName, StageRecord } from '../wire/messages.ts'
import { isRefusal } from '../wire/refusals.ts'
import {
  HOLDERS_ENOUGH,
  QUERY_TIMEOUT_MS,
  REANNOUNCE_MS,
  REPUBLISH_EARLY_MS,
  REPUBLISH_MS,
  REPUBLISH_OPTIONAL,
} from './constants.ts'
import { within } from './deadline.ts'
import { provideStage, putRecord } from './dht-records.ts'
import type { RecordBook } from './record-book.ts'
import type { DiscoveryComponents, DiscoveryInit, SignedRecord } from './types.ts'

/** What a record says, but for its sequence. */
type Content = Pick<StageRecord, 'stage' | 'addresses' | 'ephemeral'>

export class Publisher {
  readonly #components: DiscoveryComponents
  readonly #init: DiscoveryInit
  readonly #book: RecordBook
  readonly #self: PeerName
  /** Resolves when the book is stored. */
  readonly #save: () => Promise<void>
  readonly #abort = new AbortController()
  #timer: CancelTimer | null = null
  #answerTimer: CancelTimer | null = null
  #wanted: Content | null = null
  #own: SignedRecord | null = null
  /** Peers that the own record was gossiped to. */
  #gossiped = 0
  /** Peers that took the own record's value, and its provider record. */
  #holders = noHolders()
  #announcing: Promise<void> = Promise.resolve()

  constructor(components: DiscoveryComponents, init: DiscoveryInit, book: RecordBook, save: () => Promise<void>) {
    this.#components = components
    this.#init = init
    this.#book = book
    this.#save = save
    this.#self = components.peerId.toString()
  }

  stop(): void {
    this.#abort.abort()
    this.#timer?.()
    this.#answerTimer?.()
  }

  /**
   * Signs a record with the next sequence and starts to spread it. Nothing is sent before the sequence is stored, else a
   * peer that crashed could give the same number to two records. Unchanged addresses make no new record.
   */
  announce(stage: number, addresses: readonly string[]): Promise<void> {
    this.#wanted = { stage, addresses, ephemeral: this.#init.ephemeral }
    // One after the other: two records must not take the same sequence.
    const next = (): Promise<void> => this.#announce()
    this.#announcing = this.#announcing.then(next, next)
    return this.#announcing
  }

  /**
   * A record of this peer came in. One that it does not want means that its storage was lost or restored, and others refuse
   * what is older: what it wants is announced again, under a higher sequence.
   */
  onOwnRecord(record: SignedRecord): void {
    const wanted = this.#wanted
    if (wanted === null || record.payload.stage !== wanted.stage || sameContent(record.payload, wanted)) return
    // Not at once: two machines with one key would answer each other as fast as the network allows.
    this.#answerTimer ??= this.#components.clock.after(REANNOUNCE_MS, () => {
      this.#answerTimer = null
      // Where storage fails, the next call of announce says so.
      const { stage, addresses } = this.#wanted ?? wanted
      void this.announce(stage, addresses).catch(() => undefined)
    })
  }

  async #announce(): Promise<void> {
    const wanted = this.#wanted
    if (wanted === null) return
    const newest = this.#book.recordOf(this.#self, wanted.stage)
    if (newest === null || !sameContent(newest.payload, wanted)) {
      const sequence = (newest?.payload.sequence ?? 0) + 1
      const payload: StageRecord = { kind: 'record', run: this.#init.run, sequence, ...wanted }
      const admission = await this.#book.admit(await this.#components.codec.seal(payload), null)
      if (isRefusal(admission)) throw new Error(`the own record was refused: ${admission.refused}`)
    }
    await this.#save()
    this.#own = this.#book.recordOf(this.#self, wanted.stage)
    this.#gossiped = 0
    this.#holders = noHolders()
    this.#spread(0)
  }

  /** A peer connected: at the start it is the first that can hear of the record. */
  onPeer(): void {
    if (this.#own === null || this.#gossiped > 0) return
    // Nobody may listen yet; the schedule repeats it.
    void this.#gossip(this.#own.payload.stage, this.#own.envelope).catch(() => undefined)
  }

  #spread(round: number): void {
    const own = this.#own
    if (own === null || this.#abort.signal.aborted) return
    this.#timer?.()
    this.#timer = this.#components.clock.after(REPUBLISH_EARLY_MS[round] ?? REPUBLISH_MS, () => this.#spread(round + 1))
    void this.#publish(own, round > 0 && round <= REPUBLISH_OPTIONAL)
  }

  /** Each is repeated by the schedule, so a failure is not reported: an isolated peer fails all three. */
  async #publish({ payload, envelope }: SignedRecord, isOptional: boolean): Promise<void> {
    const { run, stage } = payload
    const { dht } = this.#components
    const key = { run, stage, peer: this.#self }
    await Promise.allSettled([
      this.#gossip(stage, envelope),
      this.#put('value', isOptional, (signal, onTaken) => putRecord(dht, key, envelope, signal, onTaken)),
      this.#put('provider', isOptional, (signal, onTaken) => provideStage(dht, run, stage, signal, onTaken)),
    ])
  }

  async #put(
    what: 'value' | 'provider',
    isOptional: boolean,
    work: (signal: AbortSignal, onTaken: (peer: PeerName) => void) => Promise<void>,
  ): Promise<void> {
    const holders = this.#holders[what]
    if (isOptional && holders.size >= this.#enough()) return
    await within(this.#components.clock, QUERY_TIMEOUT_MS, this.#abort.signal, signal =>
      work(signal, peer => holders.add(peer)),
    )
  }

  /** As many as are connected now: whoever was put to before anybody else was there does not count for all. */
  #enough(): number {
    const connections = this.#components.connectionManager.getConnections()
    const connected = new Set(connections.map(({ remotePeer }) => remotePeer.toString())).size
    return Math.max(1, Math.min(HOLDERS_ENOUGH, connected))
  }

  async #gossip(stage: number, envelope: Uint8Array): Promise<void> {
    this.#gossiped += await this.#init.publish(stage, envelope)
  }
}

function noHolders(): Record<'value' | 'provider', Set<PeerName>> {
  return { value: new Set(), provider: new Set() }
}

function sameContent(left: Content, right: Content): boolean {
  const flat = ({ stage, addresses, ephemeral }: Content): string => JSON.stringify([stage, addresses, ephemeral])
  return flat(left) === flat(right)
}
