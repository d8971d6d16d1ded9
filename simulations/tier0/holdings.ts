/** Partitions and aggregates that a peer holds, with the checks that the reduce protocol makes at its door. */
import { ROUNDS_AHEAD, ROUNDS_BEHIND } from '../../protocols/reduce/constants.ts'
import { equalBytes, keyOf } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName, Scope } from '../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { nativeHash, type Workbench } from './engine.ts'

export interface PartitionId {
  readonly round: number
  readonly author: PeerName
  readonly root: Hash
  readonly partition: number
}

interface Early extends PartitionId {
  readonly bytes: Uint8Array
}

export interface HoldingsPolicy {
  commitOf(round: number, author: PeerName): { readonly root: Hash; readonly leaves: readonly Hash[] } | null
  /** It is stored, or was and came again. */
  stored(id: PartitionId, bytes: Uint8Array): void
}

export class SimHoldings {
  readonly #bench: Workbench
  readonly #policy: HoldingsPolicy
  readonly #rounds = new Map<number, Map<string, Uint8Array>>()
  readonly #early = new Map<string, Early>()
  #current = 0

  constructor(bench: Workbench, policy: HoldingsPolicy) {
    this.#bench = bench
    this.#policy = policy
  }

  get size(): number {
    let size = this.#early.size
    for (const held of this.#rounds.values()) size += held.size
    return size
  }

  advance(round: number): void {
    this.#current = round
    for (const held of this.#rounds.keys()) if (held < round - ROUNDS_BEHIND) this.#rounds.delete(held)
    for (const [key, early] of this.#early) if (early.round < round - ROUNDS_BEHIND) this.#early.delete(key)
  }

  /** Who takes part in no rounds holds nothing of them. */
  isOutsideWindow(round: number): boolean {
    return round < this.#current - ROUNDS_BEHIND || round > this.#current + ROUNDS_AHEAD
  }

  partition(id: PartitionId): Uint8Array | null {
    return this.#rounds.get(id.round)?.get(partitionKey(id)) ?? null
  }

  hold(id: PartitionId, bytes: Uint8Array): void {
    this.#round(id.round).set(partitionKey(id), bytes)
  }

  aggregate(round: number, hash: Hash): Uint8Array | null {
    return this.#rounds.get(round)?.get(`aggregate/${keyOf(hash)}`) ?? null
  }

  holdAggregate(round: number, hash: Hash, bytes: Uint8Array): void {
    this.#round(round).set(`aggregate/${keyOf(hash)}`, bytes)
  }

  /** A scattered partition: 'held' where its COMMIT has not come; one of an author and partition. */
  take(id: PartitionId, bytes: Uint8Array): 'stored' | 'held' | Refusal {
    if (this.isOutsideWindow(id.round)) return refuse(id.round < this.#current ? 'stale-round' : 'future-round')
    if (this.partition(id) !== null) {
      this.#policy.stored(id, bytes)
      return 'stored'
    }
    if (this.#policy.commitOf(id.round, id.author) !== null) return this.#check(id, bytes)
    this.#early.set(`${id.round}/${id.author}/${id.partition}`, { ...id, bytes })
    return 'held'
  }

  /** What came before its COMMIT is looked at now. */
  commitSeen({ round }: Scope, author: PeerName): Refusal[] {
    const refusals: Refusal[] = []
    for (const [key, early] of this.#early) {
      if (early.round !== round || early.author !== author) continue
      this.#early.delete(key)
      const taken = this.#check(early, early.bytes)
      if (typeof taken !== 'string') refusals.push(taken)
    }
    return refusals
  }

  /** Bytes that were pulled: do they match the leaf, and are they fit? */
  isGenuine(leaf: Hash, bytes: Uint8Array): boolean {
    return equalBytes(nativeHash(bytes), leaf) && this.#bench.isFit(bytes)
  }

  #check(id: PartitionId, bytes: Uint8Array): 'stored' | Refusal {
    const commit = this.#policy.commitOf(id.round, id.author)
    const leaf = commit?.leaves[id.partition]
    const isCommitted =
      commit !== null && leaf !== undefined && equalBytes(commit.root, id.root) && equalBytes(leaf, nativeHash(bytes))
    if (!isCommitted) return refuse('wrong-hash', `partition ${id.partition} is not the committed one`)
    if (!this.#bench.isFit(bytes)) return refuse('not-finite', `partition ${id.partition} is out of bounds`)
    this.hold(id, bytes)
    this.#policy.stored({ round: id.round, author: id.author, root: id.root, partition: id.partition }, bytes)
    return 'stored'
  }

  #round(round: number): Map<string, Uint8Array> {
    const known = this.#rounds.get(round)
    if (known !== undefined) return known
    const fresh = new Map<string, Uint8Array>()
    this.#rounds.set(round, fresh)
    return fresh
  }
}

function partitionKey({ author, root, partition }: PartitionId): string {
  return `${author}/${keyOf(root)}/${partition}`
}
