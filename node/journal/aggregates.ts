/**
 * Aggregates of the own stage since its snapshots: event sourcing, state = snapshot + aggregates. One file ("segment")
 * for the rounds between two snapshots, so that old ones are dropped whole.
 *
 * A record's payload: u32 LE length of the head | head (DAG-CBOR) | partitions, back to back.
 */
import { decode, encode } from '@ipld/dag-cbor'
import { RECORD_HEADER_BYTES, RECORD_MAX_BYTES } from './constants.ts'
import { encodeRecord, readRecord, recordBytes, scanRecords, sumBytes } from './records.ts'
import type { AppendFile, Storage } from './storage.ts'

const PREFIX = 'aggregates-'

interface Head {
  readonly round: number
  /** Bytes of each partition, in order; null for SKIP. */
  readonly partitionBytes: readonly number[] | null
}

interface Located extends Head {
  readonly file: string
  /** Offset of the record. */
  readonly offset: number
  /** Offset of the first partition. */
  readonly dataOffset: number
}

/** A round's aggregated partitions, f32 little-endian each; null for SKIP. */
export type Partitions = readonly Uint8Array[] | null

export class AggregateFiles {
  readonly #storage: Storage
  readonly #rounds = new Map<number, Located>()
  #open: { readonly file: string; readonly append: AppendFile; length: number } | null = null

  private constructor(storage: Storage) {
    this.#storage = storage
  }

  static isName(file: string): boolean {
    return file.startsWith(PREFIX)
  }

  /** @throws JournalDamaged */
  static async open(storage: Storage): Promise<AggregateFiles> {
    const files = new AggregateFiles(storage)
    for (const file of await segments(storage)) {
      const length = await scanRecords(
        storage,
        { file, maxPayloadBytes: RECORD_MAX_BYTES, loose: 'one' },
        (payload, offset) => files.#index(file, payload, offset),
      )
      await files.#switchTo(file, length)
    }
    return files
  }

  has(round: number): boolean {
    return this.#rounds.has(round)
  }

  /** Appends without flushing; a round that is there already counts in its newest form. */
  async put(round: number, partitions: Partitions): Promise<void> {
    const partitionBytes = partitions === null ? null : partitions.map(partition => partition.length)
    const head = encode({ round, partitionBytes } satisfies Head)
    const headBytes = new Uint8Array(4)
    new DataView(headBytes.buffer).setUint32(0, head.length, true)
    const payload = [headBytes, head, ...(partitions ?? [])]
    if (sumBytes(payload) > RECORD_MAX_BYTES) throw new RangeError('an aggregate is too long to store')
    const segment = this.#open ?? (await this.#switchTo(nameOf(round), 0))
    for (const part of encodeRecord(...payload)) await segment.append.append(part)
    const dataOffset = segment.length + RECORD_HEADER_BYTES + headBytes.length + head.length
    this.#rounds.set(round, { round, partitionBytes, file: segment.file, offset: segment.length, dataOffset })
    segment.length += recordBytes(sumBytes(payload))
  }

  async flush(): Promise<void> {
    await this.#open?.append.flush()
  }

  /** One partition; null where the round is not held, was skipped or has no such partition. */
  async partition(round: number, partition: number): Promise<Uint8Array | null> {
    const found = this.#rounds.get(round)
    const bytes = found?.partitionBytes?.[partition]
    if (found?.partitionBytes == null || bytes === undefined) return null
    const before = found.partitionBytes.slice(0, partition).reduce((sum, length) => sum + length, 0)
    const read = await this.#storage.readAt(found.file, found.dataOffset + before, bytes)
    return read !== null && read.length === bytes ? read : null
  }

  /** All partitions, checked against the record; undefined where the round is not held or cannot be read. */
  async get(round: number): Promise<Partitions | undefined> {
    const found = this.#rounds.get(round)
    if (found === undefined) return undefined
    const payload = await readRecord(this.#storage, found.file, found.offset, RECORD_MAX_BYTES)
    if (payload === null) return undefined
    if (found.partitionBytes === null) return null
    let offset = found.dataOffset - found.offset - RECORD_HEADER_BYTES
    return found.partitionBytes.map(bytes => payload.subarray(offset, (offset += bytes)))
  }

  /** Rounds of [from, to] are held no more; they go with their segments. */
  leave(from: number, to: number): void {
    for (const round of [...this.#rounds.keys()]) if (round >= from && round <= to) this.#rounds.delete(round)
  }

  /** What follows goes to a new segment. */
  async startSegment(firstRound: number): Promise<void> {
    await this.#switchTo(nameOf(firstRound), (await this.#storage.size(nameOf(firstRound))) ?? 0)
  }

  /** Drops the segments whose rounds are all at most `round`. */
  async dropThrough(round: number): Promise<void> {
    for (const file of await segments(this.#storage)) {
      const rounds = [...this.#rounds.values()].filter(located => located.file === file).map(located => located.round)
      if (file === this.#open?.file || rounds.some(held => held > round)) continue
      await this.#storage.remove(file)
      for (const held of rounds) this.#rounds.delete(held)
    }
  }

  async close(): Promise<void> {
    await this.#open?.append.close()
    this.#open = null
  }

  async #switchTo(
    file: string,
    length: number,
  ): Promise<{ readonly file: string; readonly append: AppendFile; length: number }> {
    if (this.#open?.file === file) return this.#open
    await this.close()
    this.#open = { file, append: await this.#storage.append(file, length), length }
    return this.#open
  }

  #index(file: string, payload: Uint8Array, offset: number): void {
    const headLength = new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)
    const { round, partitionBytes } = decode<Head>(payload.subarray(4, 4 + headLength))
    this.#rounds.set(round, {
      round,
      partitionBytes,
      file,
      offset,
      dataOffset: offset + RECORD_HEADER_BYTES + 4 + headLength,
    })
  }
}

/** Zero-padded, so that names sort as rounds do. */
function nameOf(firstRound: number): string {
  return `${PREFIX}${String(firstRound).padStart(12, '0')}`
}

async function segments(storage: Storage): Promise<string[]> {
  return (await storage.list()).filter(name => name.startsWith(PREFIX))
}
