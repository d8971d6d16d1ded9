/**
 * One writer of the journal's file. What is appended while a flush runs is written in one record and shares the next
 * flush (group commit), so n signatures cost one or two flushes, not n.
 */
import { concatBytes } from '../../protocols/wire/hash.ts'
import { JOURNAL_MAX_PENDING, JOURNAL_RECORD_MAX_BYTES } from './constants.ts'
import { type Entry, encodeEntries } from './entries.ts'
import { encodeRecord, sumBytes } from './records.ts'
import type { AppendFile, Storage } from './storage.ts'

interface Waiting {
  readonly entries: readonly Entry[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface WriterOptions {
  readonly storage: Storage
  readonly file: string
  /** Everything that a rewritten file must hold, asked for when the rewriting begins. */
  readonly live: () => readonly Entry[]
  /** Called after each flush with the entries in it. */
  readonly onFlush?: (entries: number, bytes: number) => void
}

export class GroupWriter {
  readonly #options: WriterOptions
  #append: AppendFile
  #bytes: number
  #rewrittenBytes: number
  #waiting: Waiting[] = []
  #pending = 0
  #running: Promise<void> | null = null
  #rewriteWanted = false
  /** Set by the first failure: what a failed flush left on the disk is unknown, so nothing is written after it. */
  #failure: Error | null = null

  private constructor(options: WriterOptions, append: AppendFile, bytes: number) {
    this.#options = options
    this.#append = append
    this.#bytes = bytes
    this.#rewrittenBytes = bytes
  }

  /** Opens the file for appending after its first `bytes` bytes. */
  static async open(options: WriterOptions, bytes: number): Promise<GroupWriter> {
    return new GroupWriter(options, await options.storage.append(options.file, bytes), bytes)
  }

  get bytes(): number {
    return this.#bytes
  }

  get bytesSinceRewrite(): number {
    return this.#bytes - this.#rewrittenBytes
  }

  hasRoom(entries: number): boolean {
    return this.#pending + entries <= JOURNAL_MAX_PENDING
  }

  /** Resolves once the entries are on the disk; all of them or, after a crash, none. Rejects after any failed write. */
  append(entries: readonly Entry[]): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, resolve, reject })
      this.#pending += entries.length
      this.#start()
    })
  }

  /** Replaces the file by one with only what still counts; resolves once that is on the disk. */
  async rewrite(): Promise<void> {
    this.#rewriteWanted = true
    this.#start()
    await this.#running
    if (this.#failure !== null) throw this.#failure
  }

  /** Resolves after what was appended is written. */
  async close(): Promise<void> {
    await this.#running
    this.#failure ??= new Error('the journal is closed')
    await this.#append.close()
  }

  #start(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // The signatures of a round are asked for in one turn of the event loop: let them all arrive.
    await Promise.resolve()
    while (this.#failure === null && (this.#waiting.length > 0 || this.#rewriteWanted)) {
      const group = this.#rewriteWanted ? [] : this.#takeGroup()
      try {
        if (this.#rewriteWanted) await this.#replace()
        else await this.#write(group)
        for (const one of group) one.resolve()
      } catch (error) {
        this.#fail(error, group)
      }
    }
    // In the same turn as the loop's last look: a later append must start anew.
    this.#running = null
  }

  #takeGroup(): Waiting[] {
    const group = this.#waiting
    this.#waiting = []
    this.#pending = 0
    return group
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const entries = group.flatMap(one => one.entries)
    for (const payload of packEntries(entries)) {
      const record = concatBytes(encodeRecord(payload))
      await this.#append.append(record)
      await this.#append.flush()
      this.#bytes += record.length
      this.#options.onFlush?.(entries.length, record.length)
    }
  }

  async #replace(): Promise<void> {
    this.#rewriteWanted = false
    const { storage, file, live } = this.#options
    const parts = packEntries(live()).flatMap(payload => encodeRecord(payload))
    await this.#append.close()
    await storage.replace(file, parts)
    this.#bytes = this.#rewrittenBytes = sumBytes(parts)
    this.#append = await storage.append(file, this.#bytes)
  }

  #fail(error: unknown, group: readonly Waiting[]): void {
    this.#failure = error instanceof Error ? error : new Error(String(error))
    for (const one of [...group, ...this.#waiting]) one.reject(this.#failure)
    this.#waiting = []
  }
}

/** Entries in as few payloads as the largest record allows; one payload but for huge groups. */
function packEntries(entries: readonly Entry[]): Uint8Array[] {
  const payload = encodeEntries(entries)
  if (payload.length <= JOURNAL_RECORD_MAX_BYTES || entries.length === 1) return [payload]
  const half = entries.length >> 1
  return [...packEntries(entries.slice(0, half)), ...packEntries(entries.slice(half))]
}
