/**
 * Two snapshots of the own stage's state: the newest, and the one before should the newest turn out damaged. A snapshot is
 * one record (its head) and the state's bytes behind it, written beside the old file and renamed.
 */
import { decode, encode } from '@ipld/dag-cbor'
import type { Digest } from '../../protocols/wire/environment.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { SNAPSHOT_HEAD_MAX_BYTES } from './constants.ts'
import type { IncomingSnapshot } from './incoming.ts'
import { encodeRecord, readRecord, recordBytes, sumBytes } from './records.ts'
import type { Storage } from './storage.ts'

const SLOTS = ['snapshot-0', 'snapshot-1'] as const

/** What a snapshot is a snapshot of. */
export interface SnapshotHead {
  readonly round: number
  /** Head of the stage's certificate hash chain at the round. */
  readonly link: Hash
  /** state_r of the round's certificate. */
  readonly state: Hash
  /** Full Merkle root where the round's certificate carries one, else null: such a snapshot can be served. */
  readonly fullRoot: Hash | null
  /** Leaf hashes under `fullRoot`, in order; empty with null. */
  readonly leaves: readonly Hash[]
}

export interface StoredHead extends SnapshotHead {
  readonly bytes: number
  readonly checksum: Uint8Array
}

interface Located extends StoredHead {
  readonly slot: string
  /** Offset of the state's first byte. */
  readonly dataOffset: number
}

export class Snapshots {
  readonly #storage: Storage
  readonly #digest: Digest
  /** Newest first. */
  #held: readonly Located[]

  private constructor(storage: Storage, digest: Digest, held: readonly Located[]) {
    this.#storage = storage
    this.#digest = digest
    this.#held = held
  }

  static isName(file: string): boolean {
    return SLOTS.some(slot => slot === file)
  }

  /** A slot whose head cannot be read counts as empty; its state is checked when it is read. */
  static async open(storage: Storage, digest: Digest): Promise<Snapshots> {
    const found = await Promise.all(SLOTS.map(slot => locate(storage, slot)))
    const held = found.filter(located => located !== null).sort((a, b) => b.round - a.round)
    return new Snapshots(storage, digest, held)
  }

  /** Newest first; at most two. */
  get heads(): readonly (SnapshotHead & { readonly bytes: number })[] {
    return this.#held
  }

  /** Writes over the older slot; resolves once it is on the disk. */
  async put(head: SnapshotHead, state: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<void> {
    const slot = this.#slotFor(head.round)
    const stored: StoredHead = { ...head, bytes: state.length, checksum: await this.#digest(state, options) }
    const record = encodeRecord(encode({ ...stored }))
    await this.#storage.replace(slot, [...record, state])
    this.#hold({ ...stored, slot, dataOffset: sumBytes(record) })
  }

  /** As `put`, of one that came from siblings: its file becomes the slot's. */
  async take(round: number, incoming: IncomingSnapshot): Promise<void> {
    const slot = this.#slotFor(round)
    this.#hold({ ...(await incoming.finish(slot)), slot })
  }

  /** The state of a held snapshot, or null where it does not match its checksum: that one is then no longer held. */
  async state(round: number, options: { signal?: AbortSignal } = {}): Promise<Uint8Array | null> {
    const found = this.#held.find(head => head.round === round)
    if (found === undefined) return null
    const bytes = await this.#storage.readAt(found.slot, found.dataOffset, found.bytes)
    if (bytes?.length === found.bytes && equalBytes(await this.#digest(bytes, options), found.checksum)) return bytes
    this.#held = this.#held.filter(head => head !== found)
    return null
  }

  /** Snapshots of rounds of [from, to] are held no more; the next ones take their place. */
  leave(from: number, to: number): void {
    this.#held = this.#held.filter(({ round }) => round < from || round > to)
  }

  /** A piece of a held snapshot's state, not checked: who asks compares it with a leaf. */
  async piece(round: number, offset: number, bytes: number): Promise<Uint8Array | null> {
    const found = this.#held.find(head => head.round === round)
    if (found === undefined || offset >= found.bytes) return null
    return this.#storage.readAt(found.slot, found.dataOffset + offset, Math.min(bytes, found.bytes - offset))
  }

  #slotFor(round: number): string {
    const [newest] = this.#held
    if (newest !== undefined && round < newest.round) throw new RangeError('a snapshot may not go back')
    return newest?.round === round ? newest.slot : SLOTS.find(name => name !== newest?.slot)!
  }

  #hold(located: Located): void {
    this.#held = [located, ...this.#held.filter(other => other.slot !== located.slot)]
  }
}

async function locate(storage: Storage, slot: string): Promise<Located | null> {
  const payload = await readRecord(storage, slot, 0, SNAPSHOT_HEAD_MAX_BYTES)
  return payload === null ? null : { ...decode<StoredHead>(payload), slot, dataOffset: recordBytes(payload.length) }
}
