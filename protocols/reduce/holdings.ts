/**
 * What a peer holds of its stage's commitments and aggregates, and the checks at the door: bytes are held as verified only
 * if they match a hash that somebody signed, and are acknowledged only if they passed the engine's check too.
 */
import type { Digest } from '../wire/environment.ts'
import { equalBytes, hashHex } from '../wire/hash.ts'
import type { Hash, PeerName, Scope } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import type { Loan } from '../wire/spare-arrays.ts'
import { type BlobKey, type Blobs, MemoryBlobs } from './blobs.ts'
import {
  EARLY_MAX_AUTHOR_BYTES,
  EARLY_MAX_BYTES,
  PARTITION_MAX_BYTES,
  ROUNDS_AHEAD,
  ROUNDS_BEHIND,
} from './constants.ts'
import type { AggregateName, PartitionName } from './headers.ts'
import type { ReduceHandlers, ReducePolicy } from './types.ts'

/** Account on which aggregates are held; no peer's. */
const AGGREGATES = 'aggregates'

export interface HoldingsInit {
  readonly policy: ReducePolicy
  readonly handlers: ReduceHandlers
  readonly digest: Digest
  readonly store: Blobs
}

export interface CheckOptions {
  readonly signal?: AbortSignal
}

export class Holdings {
  readonly #policy: ReducePolicy
  readonly #handlers: ReduceHandlers
  readonly #digest: Digest
  readonly #store: Blobs
  /** Partitions whose COMMIT has not come; on their author's account. */
  readonly #early = new MemoryBlobs({ maxBytes: EARLY_MAX_BYTES, maxOwnerBytes: EARLY_MAX_AUTHOR_BYTES })
  /** By round: which hash a peer has pushed for a value's partition; one each, so that nobody fills the store with guesses. */
  readonly #pushed = new Map<number, Map<string, string>>()
  #round = 0

  constructor({ policy, handlers, digest, store }: HoldingsInit) {
    this.#policy = policy
    this.#handlers = handlers
    this.#digest = digest
    this.#store = store
  }

  /** Bytes held, early ones too. */
  get bytes(): number {
    return this.#store.bytes + this.#early.bytes
  }

  /** Drops what is no longer served and moves the window of rounds. */
  advance(round: number): void {
    this.#round = round
    this.#store.dropBelow(round - ROUNDS_BEHIND)
    this.#early.dropBelow(round - ROUNDS_BEHIND)
    for (const held of this.#pushed.keys()) if (held < round - ROUNDS_BEHIND) this.#pushed.delete(held)
  }

  outsideWindow(round: number): Refusal | null {
    if (round < this.#round - ROUNDS_BEHIND) return refuse('stale-round')
    return round > this.#round + ROUNDS_AHEAD ? refuse('future-round') : null
  }

  /** To be read while the round is served; see {@link Blobs.get}. */
  partition(name: PartitionName): Uint8Array | null {
    return this.#store.get(partitionKey(name))
  }

  /** As {@link partition}. */
  aggregate(name: AggregateName): Uint8Array | null {
    return this.#store.get(aggregateKey(name))
  }

  lendPartition(name: PartitionName): Loan | null {
    return this.#store.lend(partitionKey(name))
  }

  lendAggregate(name: AggregateName): Loan | null {
    return this.#store.lend(aggregateKey(name))
  }

  /** Holds a copy of what was made here and needs no check; holding it already is fine. */
  hold(name: PartitionName, bytes: Uint8Array): Refusal | null {
    return exceptDuplicate(this.#store.put(partitionKey(name), bytes))
  }

  holdAggregate(name: AggregateName, bytes: Uint8Array): Refusal | null {
    return exceptDuplicate(this.#store.put(aggregateKey(name), bytes))
  }

  /** Takes a scattered partition: 'stored' where it is checked and promised, 'held' where its COMMIT has not come. */
  async takePartition(
    name: PartitionName,
    bytes: Uint8Array,
    digest: Hash | null,
    options: CheckOptions,
  ): Promise<'stored' | 'held' | Refusal> {
    if (!this.#policy.isCandidate(name.scope, name.partition))
      return refuse('not-allowed', 'not a candidate of this partition')
    if (!isPartitionLength(bytes)) return refuse('out-of-bounds', `a partition of ${bytes.length} bytes`)
    if (this.partition(name) !== null) {
      this.#handlers.repeated?.(name)
      return 'stored'
    }
    if (this.#policy.commitOf(name.scope, name.author) !== null) return this.#check(name, bytes, digest, options)
    return exceptDuplicate(this.#early.put(partitionKey(name), bytes)) ?? 'held'
  }

  /** Checks what came before the author's COMMIT. Returns the refusals. */
  async commitSeen(scope: Scope, author: PeerName, options: CheckOptions): Promise<Refusal[]> {
    const commit = this.#policy.commitOf(scope, author)
    const refusals: Refusal[] = []
    for (const id of this.#early.ids(scope.round, author)) {
      const key = { round: scope.round, owner: author, id }
      if (commit === null) continue
      const loan = this.#early.lend(key)
      if (loan === null) continue
      const name = { scope, author, root: commit.root, partition: partitionOfId(id) }
      const expected = partitionKey(name).id === id
      const taken = expected
        ? await this.#check(name, loan.bytes, null, options)
        : refuse('wrong-hash', 'a partition of another commitment')
      loan.end(true)
      this.#early.remove(key)
      if (isRefusal(taken)) refusals.push(taken)
    }
    return refusals
  }

  /** Takes an aggregate that a candidate pushed. */
  async takeAggregate(
    name: AggregateName,
    bytes: Uint8Array,
    digest: Hash | null,
    from: PeerName,
    options: CheckOptions,
  ): Promise<'stored' | Refusal> {
    const barred = this.#policy.admitAggregate(name, from)
    if (barred !== null) return barred
    if (!isPartitionLength(bytes)) return refuse('out-of-bounds', `an aggregate of ${bytes.length} bytes`)
    const actual = digest ?? (await this.#digest(bytes, options))
    if (!equalBytes(actual, name.hash)) return refuse('wrong-hash', 'not the bytes of this aggregate')
    if (!this.#mayPush(name, from)) return refuse('contradiction', 'another aggregate was pushed before')
    const isNew = this.aggregate(name) === null
    const refused = this.holdAggregate(name, bytes)
    if (refused !== null) return refused
    if (isNew) this.#handlers.aggregate?.(name, from)
    return 'stored'
  }

  async #check(
    name: PartitionName,
    bytes: Uint8Array,
    digest: Hash | null,
    options: CheckOptions,
  ): Promise<'stored' | Refusal> {
    const commit = this.#policy.commitOf(name.scope, name.author)
    const leaf = commit?.leaves[name.partition]
    const actual = digest ?? (await this.#digest(bytes, options))
    const isCommitted =
      commit !== null && leaf !== undefined && equalBytes(commit.root, name.root) && equalBytes(leaf, actual)
    if (!isCommitted) return refuse('wrong-hash', `partition ${name.partition} is not the committed one`)
    const isFit = await this.#policy.checkPartition(name.partition, bytes, options)
    if (!isFit)
      return refuse(
        'not-finite',
        `partition ${name.partition} has a wrong length or a value that is not finite or out of bounds`,
      )
    const isNew = this.partition(name) === null
    const refused = this.hold(name, bytes)
    if (refused !== null) return refused
    if (isNew) this.#handlers.stored?.(name)
    return 'stored'
  }

  #mayPush({ scope, value, partition, hash }: AggregateName, from: PeerName): boolean {
    const pushed = this.#pushed.get(scope.round) ?? new Map<string, string>()
    this.#pushed.set(scope.round, pushed)
    const slot = `${from}/${hashHex(value)}/${partition}`
    const before = pushed.get(slot)
    pushed.set(slot, before ?? hashHex(hash))
    return before === undefined || before === hashHex(hash)
  }
}

function isPartitionLength(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.length <= PARTITION_MAX_BYTES
}

function exceptDuplicate(refusal: Refusal | null): Refusal | null {
  return refusal?.refused === 'duplicate' ? null : refusal
}

export function partitionKey({ scope, author, root, partition }: PartitionName): BlobKey {
  return { round: scope.round, owner: author, id: `${scope.epoch}/${hashHex(root)}/${partition}` }
}

export function aggregateKey({ scope, value, partition, hash }: AggregateName): BlobKey {
  return { round: scope.round, owner: AGGREGATES, id: `${scope.epoch}/${hashHex(value)}/${partition}/${hashHex(hash)}` }
}

function partitionOfId(id: string): number {
  return Number(id.slice(id.lastIndexOf('/') + 1))
}
