/**
 * Bytes held in memory for a few rounds, within a limit in all and for each owner. What does not fit is refused, never
 * evicted for something newer: an acknowledgement is a promise to serve. The store keeps copies, in arrays of its own that
 * are filled again once their round is dropped.
 */
import type { PeerName } from '../wire/messages.ts'
import { type Refusal, refuse } from '../wire/refusals.ts'
import { type Kept, type Loan, SpareArrays } from '../wire/spare-arrays.ts'

export interface BlobKey {
  readonly round: number
  /** On whose account the bytes are held. */
  readonly owner: PeerName
  /** Unique within round and owner. */
  readonly id: string
}

export interface BlobLimits {
  readonly maxBytes: number
  readonly maxOwnerBytes: number
}

/** Where partitions are held; `MemoryBlobs` unless the node hands in another. */
export interface Blobs {
  readonly bytes: number
  /** Null once a copy is held; what is there already stays and is refused as a duplicate. */
  put(key: BlobKey, bytes: Uint8Array): Refusal | null
  /** To be read, not kept: once the round is dropped the array is filled with something else. */
  get(key: BlobKey): Uint8Array | null
  /** As `get`, for whoever may take longer. */
  lend(key: BlobKey): Loan | null
  remove(key: BlobKey): void
  /** Ids that are held for an owner in a round. */
  ids(round: number, owner: PeerName): string[]
  /** Drops the rounds below. */
  dropBelow(round: number): void
}

export class MemoryBlobs implements Blobs {
  readonly #limits: BlobLimits
  /** Round, then owner, then id. */
  readonly #rounds = new Map<number, Map<PeerName, Map<string, Kept>>>()
  readonly #spares = new SpareArrays()
  readonly #ownerBytes = new Map<PeerName, number>()
  #bytes = 0
  /** Held at the most since rounds were dropped. */
  #mostBytes = 0

  constructor(limits: BlobLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  put(key: BlobKey, bytes: Uint8Array): Refusal | null {
    if (this.get(key) !== null) return refuse('duplicate', `${key.id} is held already`)
    const owned = this.#ownerBytes.get(key.owner) ?? 0
    if (this.#bytes + bytes.length > this.#limits.maxBytes || owned + bytes.length > this.#limits.maxOwnerBytes) {
      return refuse('overloaded', 'no room for another partition')
    }
    const owners = this.#rounds.get(key.round) ?? new Map<PeerName, Map<string, Kept>>()
    this.#rounds.set(key.round, owners)
    const held = owners.get(key.owner) ?? new Map<string, Kept>()
    owners.set(key.owner, held)
    held.set(key.id, this.#spares.keep(bytes))
    this.#account(key.owner, bytes.length)
    return null
  }

  get(key: BlobKey): Uint8Array | null {
    return this.#kept(key)?.bytes ?? null
  }

  lend(key: BlobKey): Loan | null {
    return this.#kept(key)?.lend() ?? null
  }

  remove(key: BlobKey): void {
    const kept = this.#kept(key)
    if (kept === undefined) return
    this.#rounds.get(key.round)?.get(key.owner)?.delete(key.id)
    this.#drop(key.owner, kept)
  }

  ids(round: number, owner: PeerName): string[] {
    return [...(this.#rounds.get(round)?.get(owner)?.keys() ?? [])]
  }

  dropBelow(round: number): void {
    for (const [held, owners] of this.#rounds) {
      if (held >= round) continue
      for (const [owner, blobs] of owners) for (const kept of blobs.values()) this.#drop(owner, kept)
      this.#rounds.delete(held)
    }
    // A round takes about what the one before it took.
    this.#spares.trim(this.#mostBytes)
    this.#mostBytes = this.#bytes
  }

  #kept(key: BlobKey): Kept | undefined {
    return this.#rounds.get(key.round)?.get(key.owner)?.get(key.id)
  }

  #drop(owner: PeerName, kept: Kept): void {
    this.#account(owner, -kept.bytes.length)
    kept.drop()
  }

  #account(owner: PeerName, bytes: number): void {
    this.#bytes += bytes
    this.#mostBytes = Math.max(this.#mostBytes, this.#bytes)
    const owned = (this.#ownerBytes.get(owner) ?? 0) + bytes
    if (owned === 0) this.#ownerBytes.delete(owner)
    else this.#ownerBytes.set(owner, owned)
  }
}
