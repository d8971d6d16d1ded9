/**
 * The records that this peer holds, at most one a peer and stage: the one with the highest sequence. It is also the DHT's
 * validator and selector. kad-dht stores whatever passes the validator, without running the selector, so an older record
 * that was replayed would replace a newer one everywhere (32 of 32 reads in the abuse test): the validator must remember.
 */
import { decodeStrict, encode } from '../wire/cbor.ts'
import { arrayOf, bytes as byteString } from '../wire/fields.ts'
import { equalBytes } from '../wire/hash.ts'
import type { ContentId, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, type RefusalReason, refuse } from '../wire/refusals.ts'
import { FOREIGN_KEYS_MAX, RECORD_MAX_BYTES, RECORD_NAMESPACE, RECORDS_MAX } from './constants.ts'
import { decodeKey } from './keys.ts'
import type { RecordCodec, Seats, SignedRecord } from './types.ts'

export interface RecordBookInit {
  readonly run: ContentId
  readonly stages: number
  readonly seats: Pick<Seats, 'hasSeat'>
  readonly codec: Pick<RecordCodec, 'open'>
  /** `from`: the peer that sent it, or null where the DHT did. */
  readonly onRefused?: (reason: RefusalReason, from: PeerName | null) => void
}

/** `known`: the very same record was here before. */
export interface Admission {
  readonly outcome: 'new' | 'known'
  readonly record: SignedRecord
}

export class RecordBook {
  readonly #init: RecordBookInit
  /** By `stage/peer`; the order of the map is that of admission, oldest first. */
  readonly #records = new Map<string, SignedRecord>()
  readonly #listeners = new Set<(record: SignedRecord) => void>()
  /** Newest record of other runs' keys, which this peer only stores for them. */
  readonly #foreign = new Map<string, { readonly sequence: number; readonly envelope: Uint8Array }>()

  constructor(init: RecordBookInit) {
    this.#init = init
  }

  /** What the DHT must do with values under our namespace. */
  get rules(): {
    readonly namespace: string
    readonly validate: RecordBook['validate']
    readonly select: RecordBook['selectNewest']
  } {
    return { namespace: RECORD_NAMESPACE, validate: this.validate, select: this.selectNewest }
  }

  get size(): number {
    return this.#records.size
  }

  /** Calls back with each record that was added or replaced an older one. Returns the unsubscribe function. */
  subscribe(listener: (record: SignedRecord) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  recordOf(peer: PeerName, stage: number): SignedRecord | null {
    return this.#records.get(`${stage}/${peer}`) ?? null
  }

  /** Records of a stage's seats, newest first. */
  peersOf(stage: number): readonly SignedRecord[] {
    return this.#newest(record => record.payload.stage === stage && this.#hasSeat(record))
  }

  /** Up to `limit` records of one stage, or of all with null: seats first, then newest first. */
  select(stage: number | null, limit: number): readonly SignedRecord[] {
    const fits = (record: SignedRecord): boolean => stage === null || record.payload.stage === stage
    const seated = this.#newest(record => fits(record) && this.#hasSeat(record))
    const others = this.#newest(record => fits(record) && !this.#hasSeat(record))
    return [...seated, ...others].slice(0, limit)
  }

  /** Takes a record of the own run that `from` sent. */
  async admit(envelope: Uint8Array, from: PeerName | null): Promise<Admission | Refusal> {
    return this.#counted(await this.#admit(envelope), from)
  }

  /** The same of a record whose signature was checked. */
  admitOpened(record: SignedRecord, from: PeerName | null): Admission | Refusal {
    return this.#counted(this.#take(record), from)
  }

  /** kad-dht's validator: throws where the value must not be stored under the key, or must not be believed. */
  readonly validate = async (key: Uint8Array, value: Uint8Array): Promise<void> => {
    const refusal = this.#counted(await this.#check(key, value), null)
    if (isRefusal(refusal))
      throw new Error(`${refusal.refused}${refusal.detail === undefined ? '' : `: ${refusal.detail}`}`)
  }

  /** kad-dht's selector: the index of the value with the highest sequence; the first where none can be read. */
  readonly selectNewest = async (_key: Uint8Array, values: readonly Uint8Array[]): Promise<number> => {
    const opened = await Promise.all(values.map(value => this.#init.codec.open(value)))
    let best = 0
    let sequence = -1
    for (const [index, record] of opened.entries()) {
      if (isRefusal(record) || record.payload.sequence <= sequence) continue
      best = index
      sequence = record.payload.sequence
    }
    return best
  }

  /** All envelopes, for storage: with them the highest sequences outlive the process. */
  export(): Uint8Array {
    return encode([...this.#records.values()].map(record => record.envelope))
  }

  /** Takes back what {@link export} gave; what does not hold any more is left out. Returns how many were taken. */
  async import(bytes: Uint8Array): Promise<number> {
    let taken = 0
    for (const envelope of decodeEnvelopes(bytes, RECORDS_MAX) ?? []) {
      if (!isRefusal(await this.admit(envelope, null))) taken++
    }
    return taken
  }

  async #check(key: Uint8Array, value: Uint8Array): Promise<Refusal | null> {
    const named = decodeKey(key)
    if (named === null) return refuse('bad-encoding', 'key')
    const text = new TextDecoder().decode(key)
    const foreign = named.run !== this.#init.run
    const held = foreign ? this.#foreign.get(text) : this.recordOf(named.peer, named.stage)
    // Puts are repeated, gets answered by many: the signature of the same bytes is checked once.
    if (held?.envelope !== undefined && equalBytes(held.envelope, value)) return null
    const result = foreign ? await this.#admitForeign(text, value) : await this.#admit(value)
    if (isRefusal(result)) return result
    const { signer, payload } = result.record
    const fits = payload.run === named.run && payload.stage === named.stage && signer === named.peer
    return fits ? null : refuse('not-allowed', 'the key belongs to another peer, stage or run')
  }

  async #admit(envelope: Uint8Array): Promise<Admission | Refusal> {
    const record = await this.#open(envelope)
    return isRefusal(record) ? record : this.#take(record)
  }

  #take(record: SignedRecord): Admission | Refusal {
    const { run, stage } = record.payload
    if (run !== this.#init.run) return refuse('wrong-run')
    if (stage >= this.#init.stages) return refuse('wrong-stage', `${stage}`)
    return this.#keep(record)
  }

  async #admitForeign(key: string, envelope: Uint8Array): Promise<Admission | Refusal> {
    const record = await this.#open(envelope)
    if (isRefusal(record)) return record
    const { run, stage, sequence } = record.payload
    if (key !== `/swarm-node/${run}/${stage}/${record.signer}`)
      return refuse('not-allowed', 'the key belongs to another')
    const known = this.#foreign.get(key)
    if (known === undefined && this.#foreign.size >= FOREIGN_KEYS_MAX)
      return refuse('overloaded', 'records of other runs')
    const stale = checkSequence(known, sequence, envelope)
    if (stale !== null) return stale
    this.#foreign.set(key, { sequence, envelope })
    return { outcome: known === undefined ? 'new' : 'known', record }
  }

  async #open(envelope: Uint8Array): Promise<SignedRecord | Refusal> {
    if (envelope.byteLength > RECORD_MAX_BYTES) return refuse('too-large', `${envelope.byteLength} bytes`)
    return await this.#init.codec.open(envelope)
  }

  #keep(record: SignedRecord): Admission | Refusal {
    const key = `${record.payload.stage}/${record.signer}`
    const held = this.#records.get(key)
    const known = held === undefined ? undefined : { sequence: held.payload.sequence, envelope: held.envelope }
    const stale = checkSequence(known, record.payload.sequence, record.envelope)
    if (stale !== null) return stale
    if (held !== undefined && held.payload.sequence === record.payload.sequence)
      return { outcome: 'known', record: held }
    if (held === undefined && !this.#makeRoom(record)) return refuse('overloaded', 'records')
    this.#records.delete(key)
    this.#records.set(key, record)
    for (const listener of this.#listeners) listener(record)
    return { outcome: 'new', record }
  }

  /** A full book takes a seat's record in place of the oldest stranger's, and no stranger's. */
  #makeRoom(newcomer: SignedRecord): boolean {
    if (this.#records.size < RECORDS_MAX) return true
    if (!this.#hasSeat(newcomer)) return false
    for (const [key, record] of this.#records) {
      if (this.#hasSeat(record)) continue
      this.#records.delete(key)
      return true
    }
    return false
  }

  #newest(fits: (record: SignedRecord) => boolean): readonly SignedRecord[] {
    return [...this.#records.values()].filter(fits).reverse()
  }

  #hasSeat(record: SignedRecord): boolean {
    return this.#init.seats.hasSeat(record.signer, record.payload.stage)
  }

  #counted<T>(result: T | Refusal, from: PeerName | null): T | Refusal {
    if (isRefusal(result)) this.#init.onRefused?.(result.refused, from)
    return result
  }
}

/** A refusal where the record is older than the known one, or has its sequence but other content. */
function checkSequence(
  known: { readonly sequence: number; readonly envelope: Uint8Array } | undefined,
  sequence: number,
  envelope: Uint8Array,
): Refusal | null {
  if (known === undefined || sequence > known.sequence) return null
  if (sequence < known.sequence) return refuse('stale-record', `${sequence} after ${known.sequence}`)
  return equalBytes(known.envelope, envelope) ? null : refuse('contradiction', `two records with sequence ${sequence}`)
}

/** A list of at most `limit` envelopes in DAG-CBOR, or null where the bytes are no such list. */
export function decodeEnvelopes(encoded: Uint8Array, limit: number): readonly Uint8Array[] | null {
  const list = decodeStrict(encoded, { maxBytes: limit * (RECORD_MAX_BYTES + 8) })
  return isEnvelopes(list, limit) ? list : null
}

function isEnvelopes(list: unknown, limit: number): list is readonly Uint8Array[] {
  return arrayOf(byteString(1, RECORD_MAX_BYTES), limit)(list, 'records') === null
}
