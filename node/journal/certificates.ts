/** Certificates of one stage: an append-only file and an index by round. Kept for ever: they are the run's history. */
import { decode, encode } from '@ipld/dag-cbor'
import { concatBytes, equalBytes } from '../../protocols/wire/hash.ts'
import { STORED_CERTIFICATE_MAX_BYTES } from './constants.ts'
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

export class CertificateFile {
  readonly #storage: Storage
  readonly #file: string
  readonly #append: AppendFile
  readonly #offsets: Map<number, number>
  #length: number
  #newest: number

  private constructor(
    storage: Storage,
    file: string,
    append: AppendFile,
    offsets: Map<number, number>,
    length: number,
  ) {
    this.#storage = storage
    this.#file = file
    this.#append = append
    this.#offsets = offsets
    this.#length = length
    this.#newest = Math.max(-1, ...offsets.keys())
  }

  /** @throws JournalDamaged */
  static async open(storage: Storage, stage: number): Promise<CertificateFile> {
    const file = `certificates-${stage}`
    const offsets = new Map<number, number>()
    const length = await scanRecords(storage, file, STORED_CERTIFICATE_MAX_BYTES, (payload, offset) => {
      offsets.set(decode<CertificateEntry>(payload).round, offset)
    })
    return new CertificateFile(storage, file, await storage.append(file, length), offsets, length)
  }

  /** Highest round; -1 where there is none. */
  get newest(): number {
    return this.#newest
  }

  has(round: number): boolean {
    return this.#offsets.has(round)
  }

  async get(round: number): Promise<Uint8Array | null> {
    const offset = this.#offsets.get(round)
    if (offset === undefined) return null
    const payload = await readRecord(this.#storage, this.#file, offset, STORED_CERTIFICATE_MAX_BYTES)
    return payload === null ? null : decode<CertificateEntry>(payload).certificate
  }

  /** Appends without flushing; a certificate that is there already is not written again. One call at a time. */
  async put(round: number, certificate: Uint8Array): Promise<void> {
    const held = await this.get(round)
    if (held !== null && equalBytes(held, certificate)) return
    const payload = encode({ round, certificate } satisfies CertificateEntry)
    if (payload.length > STORED_CERTIFICATE_MAX_BYTES)
      throw new RangeError(`a certificate of ${payload.length} bytes is too long to store`)
    const record = concatBytes(encodeRecord(payload))
    await this.#append.append(record)
    this.#offsets.set(round, this.#length)
    this.#length += record.length
    this.#newest = Math.max(this.#newest, round)
  }

  /** Rounds of [from, to] are held no more. They stay in the file, so this is asked again when it is opened. */
  leave(from: number, to: number): void {
    for (const round of [...this.#offsets.keys()]) if (round >= from && round <= to) this.#offsets.delete(round)
    this.#newest = Math.max(-1, ...this.#offsets.keys())
  }

  async flush(): Promise<void> {
    await this.#append.flush()
  }

  async close(): Promise<void> {
    await this.#append.close()
  }
}
