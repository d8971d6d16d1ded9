/**
 * A snapshot that is on its way from siblings, in a file of its own, laid out like a held one, so that it becomes one by a
 * new name. An interrupted transfer goes on from it after a restart: what is there is believed by its hash, chunk by chunk.
 */
import { encode } from '@ipld/dag-cbor'
import { SNAPSHOT_CHUNK_BYTES, type SnapshotSink } from '../../protocols/state/index.ts'
import { HASH_BYTES } from '../../protocols/wire/constants.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import { concatBytes, equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { encodeRecord, recordBytes } from './records.ts'
import type { SnapshotHead, StoredHead } from './snapshots.ts'
import type { PlacedFile, Storage } from './storage.ts'

/** What is known of it before its chunks' hashes. */
export type IncomingHead = Omit<SnapshotHead, 'leaves' | 'fullRoot'> & { readonly fullRoot: Hash }

export interface IncomingInit {
  readonly storage: Storage
  readonly digest: Digest
  readonly head: IncomingHead
}

const NAME = /^incoming-(\d+)-[0-9a-f]{64}$/

export function incomingName({ round, fullRoot }: IncomingHead): string {
  return `incoming-${round}-${hashHex(fullRoot)}`
}

/** Round of an incoming snapshot's file; null for other files. */
export function incomingRound(name: string): number | null {
  const round = NAME.exec(name)?.[1]
  return round === undefined ? null : Number(round)
}

export class IncomingSnapshot implements SnapshotSink {
  readonly name: string
  readonly #init: IncomingInit
  readonly #held = new Set<number>()
  #file: PlacedFile | null = null
  #head: StoredHead | null = null
  /** Of the state's first byte: behind the head's record, which is as long as it will be, whatever its checksum. */
  #dataOffset = 0

  constructor(init: IncomingInit) {
    this.#init = init
    this.name = incomingName(init.head)
  }

  /** Looks through what a former transfer left. */
  async begin(bytes: number, leaves: readonly Hash[]): Promise<void> {
    const { storage, head } = this.#init
    this.#head = { ...head, leaves, bytes, checksum: new Uint8Array(HASH_BYTES) }
    this.#dataOffset = recordBytes(encode({ ...this.#head }).length)
    const size = (await storage.size(this.name)) ?? 0
    this.#file ??= await storage.open(this.name)
    for (const [index, leaf] of leaves.entries()) {
      if (this.#offset(index) >= size) break
      const chunk = await this.#chunk(index)
      if (chunk !== null && equalBytes(await this.#init.digest(chunk), leaf)) this.#held.add(index)
    }
  }

  has(index: number): boolean {
    return this.#held.has(index)
  }

  async put(index: number, bytes: Uint8Array): Promise<void> {
    if (this.#file === null) throw new Error('put before begin')
    await this.#file.write(this.#offset(index), bytes)
    this.#held.add(index)
  }

  /** The whole state; once all chunks are there. The one time that it is in memory. */
  async state(): Promise<Uint8Array> {
    const { storage, digest } = this.#init
    const { bytes } = this.#whole()
    const state = await storage.readAt(this.name, this.#offset(0), bytes)
    if (state?.length !== bytes) throw new Error(`${this.name} is shorter than what was written to it`)
    this.#head = { ...this.#begun(), checksum: await digest(state) }
    return state
  }

  /** Once all chunks are there: makes it a snapshot file under another name, flushed; with the checksum that `state()` made. */
  async finish(slot: string): Promise<StoredHead & { readonly dataOffset: number }> {
    const head = this.#whole()
    await this.#file?.write(0, concatBytes(encodeRecord(encode({ ...head }))))
    await this.#file?.flush()
    await this.close()
    await this.#init.storage.rename(this.name, slot)
    return { ...head, dataOffset: this.#dataOffset }
  }

  /** What is there stays for the next transfer. */
  async close(): Promise<void> {
    await this.#file?.close()
    this.#file = null
  }

  #begun(): StoredHead {
    if (this.#head === null) throw new Error('it was not begun')
    return this.#head
  }

  #whole(): StoredHead {
    const head = this.#begun()
    const { length } = head.leaves
    if (this.#held.size < length) throw new Error(`${this.#held.size} of ${length} chunks are here`)
    return head
  }

  #offset(index: number): number {
    return this.#dataOffset + index * SNAPSHOT_CHUNK_BYTES
  }

  #chunk(index: number): Promise<Uint8Array | null> {
    const length = Math.min(SNAPSHOT_CHUNK_BYTES, this.#begun().bytes - index * SNAPSHOT_CHUNK_BYTES)
    return this.#init.storage.readAt(this.name, this.#offset(index), length)
  }
}
