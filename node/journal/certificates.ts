/**
 * Certificates of one stage: append-only files ("segments") of some hundred rounds and an index by round. They are the run's
 * history; old ones go whole segments at a time, once the chain vouches for what is before the rest (README.md, "Pruning").
 */
import { decode, encode } from '@ipld/dag-cbor'
import { concatBytes, equalBytes } from '../../protocols/wire/hash.ts'
import { CERTIFICATES_A_SEGMENT, STORED_CERTIFICATE_MAX_BYTES } from './constants.ts'
import { encodeRecord, readRecord, scanRecords } from './records.ts'
import type { AppendFile, Storage } from './storage.ts'

interface CertificateEntry {
  readonly round: number
  readonly certificate: Uint8Array
}

export interface StoredCertificate {
  readonly round: number
  /** Encoded, as it travels. */
  readonly certificate: Uint8Array
}

interface Located {
  readonly file: string
  readonly offset: number
}

interface OpenSegment {
  readonly file: string
  readonly append: AppendFile
  /** Bytes. */
  length: number
  records: number
}

export class CertificateFiles {
  readonly #storage: Storage
  readonly #stage: number
  readonly #rounds = new Map<number, Located>()
  /** The highest round that was written to each segment, in the order in which they were begun. */
  readonly #segments = new Map<string, number>()
  #open: OpenSegment
  #newest = -1
  #oldest: number | null = null

  private constructor(storage: Storage, stage: number, open: OpenSegment) {
    this.#storage = storage
    this.#stage = stage
    this.#open = open
  }

  /** @throws JournalDamaged */
  static async open(storage: Storage, stage: number): Promise<CertificateFiles> {
    const rounds = new Map<number, Located>()
    let last = { file: firstName(stage), length: 0, records: 0 }
    const files = await segments(storage, stage)
    for (const file of files) {
      let records = 0
      // An earlier segment was flushed before the next was begun.
      const loose = file === files.at(-1) ? 'several' : 'one'
      const maxPayloadBytes = STORED_CERTIFICATE_MAX_BYTES
      const length = await scanRecords(storage, { file, maxPayloadBytes, loose }, (payload, offset) => {
        records++
        rounds.set(decode<CertificateEntry>(payload).round, { file, offset })
      })
      last = { file, length, records }
    }
    const append = await storage.append(last.file, last.length)
    const opened = new CertificateFiles(storage, stage, { ...last, append })
    for (const file of await segments(storage, stage)) opened.#segments.set(file, -1)
    for (const [round, located] of rounds) opened.#index(round, located)
    return opened
  }

  /** Highest round; -1 where there is none. */
  get newest(): number {
    return this.#newest
  }

  /** Lowest round that is held; null where there is none. */
  get oldest(): number | null {
    return this.#oldest
  }

  has(round: number): boolean {
    return this.#rounds.has(round)
  }

  async get(round: number): Promise<Uint8Array | null> {
    const located = this.#rounds.get(round)
    if (located === undefined) return null
    const payload = await readRecord(this.#storage, located.file, located.offset, STORED_CERTIFICATE_MAX_BYTES)
    return payload === null ? null : decode<CertificateEntry>(payload).certificate
  }

  /** Appends without flushing; a certificate that is there already is not written again. One call at a time. */
  async put(round: number, certificate: Uint8Array): Promise<void> {
    const held = await this.get(round)
    if (held !== null && equalBytes(held, certificate)) return
    const payload = encode({ round, certificate } satisfies CertificateEntry)
    if (payload.length > STORED_CERTIFICATE_MAX_BYTES)
      throw new RangeError(`a certificate of ${payload.length} bytes is too long to store`)
    if (this.#open.records >= CERTIFICATES_A_SEGMENT) await this.#startSegment(round)
    const record = concatBytes(encodeRecord(payload))
    const segment = this.#open
    await segment.append.append(record)
    this.#index(round, { file: segment.file, offset: segment.length })
    segment.length += record.length
    segment.records++
  }

  /** Rounds of [from, to] are held no more. They stay in the file, so this is asked again when it is opened. */
  leave(from: number, to: number): void {
    for (const round of [...this.#rounds.keys()]) if (round >= from && round <= to) this.#rounds.delete(round)
    const held = [...this.#rounds.keys()]
    this.#newest = held.reduce((a, b) => Math.max(a, b), -1)
    this.#oldest = held.length === 0 ? null : held.reduce((a, b) => Math.min(a, b))
  }

  async flush(): Promise<void> {
    await this.#open.append.flush()
  }

  /** Removes the segments whose rounds are all below `round`, the oldest first: what is left after a crash has no new gap. */
  async dropBelow(round: number): Promise<void> {
    for (const [file, highest] of this.#segments) {
      if (file === this.#open.file || highest >= round) return
      this.#segments.delete(file)
      for (const [at, located] of this.#rounds) if (located.file === file) this.#rounds.delete(at)
      this.#oldest = [...this.#rounds.keys()].reduce((a, b) => Math.min(a, b), this.#newest)
      await this.#storage.remove(file)
    }
  }

  async close(): Promise<void> {
    await this.#open.append.close()
  }

  async #startSegment(round: number): Promise<void> {
    // Only the last segment may end in an unfinished record.
    await this.#open.append.flush()
    // A round may come late, after newer ones; names only grow.
    const file = nameOf(this.#stage, Math.max(round, numberOf(this.#open.file) + 1))
    const append = await this.#storage.append(file, 0)
    await this.#open.append.close()
    this.#open = { file, append, length: 0, records: 0 }
  }

  #index(round: number, located: Located): void {
    this.#rounds.set(round, located)
    this.#newest = Math.max(this.#newest, round)
    this.#oldest = Math.min(this.#oldest ?? round, round)
    this.#segments.set(located.file, Math.max(this.#segments.get(located.file) ?? -1, round))
  }
}

const DIGITS = 12

function firstName(stage: number): string {
  return `certificates-${stage}`
}

/** Zero-padded, so that names sort as rounds do, and after the first segment's. */
function nameOf(stage: number, round: number): string {
  return `${firstName(stage)}-${String(round).padStart(DIGITS, '0')}`
}

function numberOf(file: string): number {
  const digits = /-(\d{12})$/.exec(file)?.[1]
  return digits === undefined ? -1 : Number(digits)
}

/** In the order in which they were begun. */
async function segments(storage: Storage, stage: number): Promise<string[]> {
  const first = firstName(stage)
  return (await storage.list()).filter(name => name === first || (name.startsWith(`${first}-`) && numberOf(name) >= 0))
}
