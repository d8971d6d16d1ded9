/**
 * The only place where COMMIT, PROPOSE, PREVOTE, PRECOMMIT, AGGREGATE and OUTCOME are signed (round.md, "Signing"): the
 * signature is on the disk before anybody gets it, so a peer that crashed cannot contradict itself. Calls cannot be
 * cancelled: once a slot is taken its signature must reach the disk; what they wait for is one or two flushes.
 */
import type { Payload, PeerName, Signed } from '../../protocols/wire/messages.ts'
import { OwnCommits } from './commits.ts'
import {
  JOURNAL_COMPACT_BYTES,
  JOURNAL_MAX_BYTES,
  JOURNAL_MAX_RECORDS,
  JOURNAL_RECORD_MAX_BYTES,
  JOURNAL_RECORD_VALUE_MAX_BYTES,
  ROUNDS_KEPT,
} from './constants.ts'
import { Contents, type Slot } from './contents.ts'
import {
  decodeEntries,
  type Entry,
  type Place,
  type RecordEntry,
  type SignedEntry,
  type StaleReason,
} from './entries.ts'
import { type JournalConflict, JournalDamaged } from './errors.ts'
import { HeldPartitions } from './held.ts'
import { scanRecords } from './records.ts'
import { contentOf, isJournaled, type Journaled, placeOf, slotName } from './slots.ts'
import type { Storage } from './storage.ts'
import { GroupWriter } from './writer.ts'

const FILE = 'signatures'

/** Signs any payload with the peer's key (`seal` of protocols/wire). */
export type Seal = <P extends Payload>(payload: P) => Promise<Signed<P>>

export interface SigningJournalOptions {
  readonly storage: Storage
  readonly signer: PeerName
  readonly seal: Seal
  /** True where the data folder holds certificates, or the peer is known to have voted: a missing file is then suspicious. */
  readonly expectExisting: boolean
  /** Called after each flush: how many entries and bytes it covered. */
  readonly onFlush?: (entries: number, bytes: number) => void
}

/** A lock or polka to be remembered with (or without) signatures. */
export interface JournalRecord extends Place {
  readonly name: string
  readonly bytes: Uint8Array
}

/** What a stage's siblings and the chain show about this peer. */
export interface StaleView {
  readonly run: string
  readonly stage: number
  /** Newest round of the stage in a final anchor; null where there is none. */
  readonly lastFinalRound: number | null
  /** Envelopes that siblings hold, opened; those of other signers are ignored. */
  readonly shown: readonly Signed[]
}

export class SigningJournal {
  readonly commits: OwnCommits
  readonly held: HeldPartitions
  readonly #contents: Contents
  readonly #writer: GroupWriter
  readonly #seal: Seal
  readonly #signer: PeerName

  private constructor(options: SigningJournalOptions, contents: Contents, writer: GroupWriter) {
    this.commits = new OwnCommits(options.storage)
    this.held = new HeldPartitions(options.storage)
    this.#contents = contents
    this.#writer = writer
    this.#seal = options.seal
    this.#signer = options.signer
  }

  /**
   * Opens the journal or creates it; an incomplete last record is cut off.
   *
   * @throws JournalDamaged where flushed bytes cannot be read, or the journal is another peer's
   */
  static async open(options: SigningJournalOptions): Promise<SigningJournal> {
    const { storage, signer, expectExisting, onFlush } = options
    const contents = new Contents()
    const bytes = await scanRecords(
      storage,
      { file: FILE, maxPayloadBytes: JOURNAL_RECORD_MAX_BYTES, loose: 'one' },
      payload => {
        for (const entry of decodeEntries(payload)) contents.apply(entry)
      },
    )
    if (contents.owner !== null && contents.owner !== signer) {
      throw new JournalDamaged(FILE, 0, `it belongs to ${contents.owner}, this peer is ${signer}`)
    }
    const live = () => contents.live()
    const writer = await GroupWriter.open(
      { storage, file: FILE, live, ...(onFlush === undefined ? {} : { onFlush }) },
      bytes,
    )
    const journal = new SigningJournal(options, contents, writer)
    if (contents.owner === null) {
      // In one record: after a crash here the file is still missing, not empty and trusted.
      await journal.#write([
        { entry: 'owner', version: 1, signer },
        { entry: 'suspended', reason: expectExisting ? 'missing' : null },
      ])
    }
    return journal
  }

  /** Signs, once; see {@link signAll}. */
  async sign<P extends Payload>(payload: P): Promise<Signed<P> | JournalConflict> {
    const [signed] = await this.signAll([payload])
    return signed!
  }

  /**
   * Signs all payloads and remembers the records in one flush: a precommit never leaves without its lock, the aggregates of
   * a round cost one. The same payload again gives the same envelope; another one for its slot a conflict. Kinds that need
   * no journal are signed without it. Rejects once the disk has failed.
   */
  async signAll<P extends Payload>(
    payloads: readonly P[],
    records: readonly JournalRecord[] = [],
  ): Promise<(Signed<P> | JournalConflict)[]> {
    const entries = this.#recordEntries(records)
    const taken: Taken[] = []
    const results = payloads.map(payload => this.#request(payload, taken))
    await this.#complete(taken, entries)
    return Promise.all(results)
  }

  /** Remembers locks and polkas; resolves once they are on the disk. */
  async remember(records: readonly JournalRecord[]): Promise<void> {
    await this.#write(this.#recordEntries(records))
  }

  /** What was remembered for rounds that are not closed. */
  remembered(): readonly JournalRecord[] {
    return this.#contents.records()
  }

  /** Own envelopes of a stage's rounds that are not closed, in the order of signing: the machine's votes after a restart. */
  async envelopes(run: string, stage: number): Promise<Uint8Array[]> {
    const slots = [...this.#contents.slots.values()].filter(({ place }) => place.run === run && place.stage === stage)
    return Promise.all(slots.map(slot => slot.envelope))
  }

  /**
   * A round was decided: closes the rounds up to two before it, forgets what was signed there and drops their
   * commit bytes and what was held of siblings'.
   * The file is rewritten where that frees enough.
   */
  async decided(place: Place): Promise<void> {
    this.#contents.apply({ entry: 'floor', ...floorOf(place) })
    await this.commits.dropBelow(floorOf(place))
    await this.held.dropBelow(floorOf(place))
    if (this.#writer.bytesSinceRewrite > JOURNAL_COMPACT_BYTES) await this.#writer.rewrite()
  }

  /** Why nothing is signed; null where the journal signs. */
  get suspended(): StaleReason | null {
    return this.#contents.suspended
  }

  /** Why this journal may not know all that the peer signed; null where nothing speaks against it. */
  isStale(view: StaleView): StaleReason | null {
    const stale = this.#contents.staleness(view.run, view.stage, view.lastFinalRound)
    if (stale !== null) return stale
    return view.shown.some(signed => this.lacks(signed)) ? 'unknown-signature' : null
  }

  /** Is this a signature of the owner that should be here, and is not? One of a round that is closed is none. */
  lacks(signed: Signed): boolean {
    return signed.signer === this.#signer && this.#contents.isUnknown(signed)
  }

  /** Signs nothing any more, also after a restart, until {@link resume}. */
  async suspend(reason: StaleReason): Promise<void> {
    await this.#write([{ entry: 'suspended', reason }])
  }

  /** Signs again, from `from.round` on: a round after the first certificate that was made without this peer's signatures. */
  async resume(from: Place): Promise<void> {
    await this.#write([
      { entry: 'floor', ...from },
      { entry: 'suspended', reason: null },
    ])
  }

  /** Resolves once everything asked for is written. */
  async close(): Promise<void> {
    await this.#writer.close()
  }

  /** Applied and written together. */
  async #write(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) this.#contents.apply(entry)
    if (entries.length > 0) await this.#writer.append(entries)
  }

  #recordEntries(records: readonly JournalRecord[]): RecordEntry[] {
    if (this.#contents.records().length + records.length > JOURNAL_MAX_RECORDS)
      throw new RangeError('too many journal records')
    return records
      .filter(record => !this.#contents.isClosed(record))
      .map(record => {
        if (record.bytes.length > JOURNAL_RECORD_VALUE_MAX_BYTES)
          throw new RangeError(`journal record ${record.name} is too long`)
        return { entry: 'record', ...record }
      })
  }

  /** Answers from the slot, refuses, or takes the slot and leaves the work to `#complete`; all in one turn. */
  #request<P extends Payload>(payload: P, taken: Taken[]): Promise<Signed<P> | JournalConflict> {
    if (!isJournaled(payload)) return this.#seal(payload)
    const name = slotName(payload)
    const content = contentOf(payload)
    const weighed = this.#contents.weigh(placeOf(payload), name, content)
    const held = this.#contents.slots.get(name)
    if (held !== undefined) return this.#again(payload, name, weighed === 'again', held)
    const refused = this.#refusal(weighed, taken.length)
    if (refused !== null) return Promise.resolve({ ...refused, slot: name, envelope: null })
    const take = new Taken(payload, name, content)
    this.#contents.slots.set(name, take.slot)
    taken.push(take)
    return take.slot.envelope.then(envelope => ({ signer: this.#signer, payload, envelope }))
  }

  async #again<P extends Payload>(
    payload: P,
    slot: string,
    isEqual: boolean,
    held: Slot,
  ): Promise<Signed<P> | JournalConflict> {
    const envelope = await held.envelope
    if (isEqual) return { signer: this.#signer, payload, envelope }
    return { refused: 'contradiction', detail: `another ${payload.kind} was signed in ${slot}`, slot, envelope }
  }

  #refusal(weighed: ReturnType<Contents['weigh']>, taken: number): Pick<JournalConflict, 'refused' | 'detail'> | null {
    if (weighed === 'suspended')
      return { refused: 'not-allowed', detail: `the journal is suspended: ${this.suspended}` }
    if (weighed === 'closed') return { refused: 'stale-round', detail: 'the round is closed in the journal' }
    if (this.#writer.bytes > JOURNAL_MAX_BYTES || !this.#writer.hasRoom(taken + 1)) {
      return { refused: 'overloaded', detail: 'the journal is at its limit' }
    }
    return null
  }

  async #complete(taken: readonly Taken[], records: readonly RecordEntry[]): Promise<void> {
    if (taken.length === 0) return this.#write(records)
    try {
      const sealed = await Promise.all(taken.map(take => this.#seal(take.payload)))
      const signed = taken.map((take, index) => take.sealed(sealed[index]!.envelope))
      for (const record of records) this.#contents.apply(record)
      await this.#writer.append([...records, ...signed])
      for (const take of taken) take.written()
    } catch (error) {
      for (const take of taken) take.failed(error)
    }
  }
}

/** A slot on its way to the disk. */
class Taken {
  readonly payload: Journaled
  readonly slot: Slot
  readonly #name: string
  #resolve: (envelope: Uint8Array) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(payload: Journaled, name: string, content: Uint8Array) {
    this.payload = payload
    this.#name = name
    const envelope = new Promise<Uint8Array>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Everyone who asks for the envelope hears of a failure; nobody having asked yet is no reason to end the process.
    envelope.catch(() => {})
    this.slot = { place: placeOf(payload), content, envelope, entry: null }
  }

  sealed(envelope: Uint8Array): SignedEntry {
    const entry: SignedEntry = {
      entry: 'signed',
      ...this.slot.place,
      slot: this.#name,
      content: this.slot.content,
      envelope,
    }
    this.slot.entry = entry
    return entry
  }

  written(): void {
    if (this.slot.entry !== null) this.#resolve(this.slot.entry.envelope)
  }

  failed(error: unknown): void {
    this.#reject(error)
  }
}

/** Rounds below this are closed once `decided` is. */
function floorOf(decided: Place): Place {
  return { ...decided, round: decided.round - ROUNDS_KEPT + 1 }
}
