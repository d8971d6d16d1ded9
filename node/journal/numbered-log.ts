/**
 * Payloads by number, each the one before and one, under a header that says what they are of. A memory of what can be had again
 * elsewhere: nothing is flushed, and a file of something else, or a damaged one, is begun anew.
 */
import { concatBytes, equalBytes } from '../../protocols/wire/hash.ts'
import { JournalDamaged } from './errors.ts'
import { encodeRecord, readRecord, recordBytes, scanRecords } from './records.ts'
import type { AppendFile, Storage } from './storage.ts'

export interface NumberedLogOptions {
  readonly storage: Storage
  readonly file: string
  readonly header: Uint8Array
  readonly maxPayloadBytes: number
  /** Of the whole file; what does not fit is not kept. */
  readonly maxBytes: number
  /** There was a file, and none of it can be used. */
  readonly onLost: (why: string) => void
}

export class NumberedLog {
  readonly #options: NumberedLogOptions
  /** Where each payload's record begins. */
  readonly #offsets: number[]
  #bytes: number
  #append: AppendFile

  private constructor(options: NumberedLogOptions, offsets: number[], bytes: number, append: AppendFile) {
    this.#options = options
    this.#offsets = offsets
    this.#bytes = bytes
    this.#append = append
  }

  static async open(options: NumberedLogOptions): Promise<NumberedLog> {
    const { storage, file } = options
    const found = await scan(options)
    const append = await storage.append(file, found?.bytes ?? 0)
    const log = new NumberedLog(options, found?.offsets ?? [], found?.bytes ?? 0, append)
    if (found === null) await log.#write(options.header)
    return log
  }

  /** How many there are; the next one has this number. */
  get count(): number {
    return this.#offsets.length
  }

  /** Null where there is none of this number, or what is there cannot be read. */
  async get(number: number): Promise<Uint8Array | null> {
    const offset = this.#offsets[number]
    if (offset === undefined) return null
    return readRecord(this.#options.storage, this.#options.file, offset, this.#options.maxPayloadBytes)
  }

  /** Adds the next one; false where it is too long, or the file is full. One call at a time. */
  async add(payload: Uint8Array): Promise<boolean> {
    const { maxPayloadBytes, maxBytes } = this.#options
    if (payload.length > maxPayloadBytes || this.#bytes + recordBytes(payload.length) > maxBytes) return false
    const offset = this.#bytes
    await this.#write(payload)
    this.#offsets.push(offset)
    return true
  }

  /** Drops all of them. */
  async clear(): Promise<void> {
    const { storage, file, header } = this.#options
    await this.#append.close()
    this.#append = await storage.append(file, 0)
    this.#offsets.length = this.#bytes = 0
    await this.#write(header)
  }

  async close(): Promise<void> {
    await this.#append.close()
  }

  async #write(payload: Uint8Array): Promise<void> {
    const record = concatBytes(encodeRecord(payload))
    await this.#append.append(record)
    this.#bytes += record.length
  }
}

/** Null where there is no file, or none of it can be used. */
async function scan(options: NumberedLogOptions): Promise<{ offsets: number[]; bytes: number } | null> {
  const { storage, file, header, maxPayloadBytes, onLost } = options
  const offsets: number[] = []
  let first: Uint8Array | null = null
  try {
    const record = { file, maxPayloadBytes: Math.max(maxPayloadBytes, header.length), loose: 'several' } as const
    const bytes = await scanRecords(storage, record, (payload, offset) => {
      if (offset === 0) first = payload.slice()
      else offsets.push(offset)
    })
    if (first !== null && equalBytes(first, header)) return { offsets, bytes }
    if (first !== null) onLost(`${file} is of something else`)
  } catch (error) {
    if (!(error instanceof JournalDamaged)) throw error
    onLost(error.message)
  }
  return null
}
