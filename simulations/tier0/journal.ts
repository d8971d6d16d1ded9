/**
 * A peer's disk as tier 0 has it: the shipped signing journal's contents (what may be signed, what was) and the rounds that
 * were certified. All of it is rebuilt from the disk's records, so a start finds exactly what was flushed.
 */
import type { LockRecord, RestoredRound } from '../../consensus/round/types.ts'
import { JOURNAL_MAX_PENDING, ROUNDS_KEPT } from '../../node/journal/constants.ts'
import { Contents } from '../../node/journal/contents.ts'
import type { Entry, Place, SignedEntry, StaleReason } from '../../node/journal/entries.ts'
import { contentOf, isJournaled, placeOf, slotName } from '../../node/journal/slots.ts'
import type { Certified } from '../../node/peer/follow.ts'
import { LOCK_RECORD } from '../../node/peer/lock-record.ts'
import { equalBytes, hashHex } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash, Payload, Signed } from '../../protocols/wire/messages.ts'
import { type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { SimDisk } from '../kernel/disk.ts'
import { DISK_REWRITE_RECORDS } from './constants.ts'
import type { PartitionId } from './holdings.ts'
import type { Key } from './labels.ts'
import { openLabel } from './labels.ts'

export interface StoredRound {
  readonly kind: 'round'
  readonly certificate: Certificate
  readonly certified: Certified
  /** Null for SKIP, and where both snapshots are newer. */
  readonly partitions: readonly Uint8Array[] | null
}

export interface StoredSnapshot {
  readonly kind: 'snapshot'
  readonly round: number
  readonly fullRoot: Hash
  readonly state: Uint8Array
}

interface StoredEntries {
  readonly kind: 'journal'
  readonly entries: readonly Entry[]
}

/** The lock as it stands in the journal: the bytes' content, as envelopes cannot be read back from bytes here. */
interface StoredLock {
  readonly kind: 'lock'
  readonly place: Place
  readonly record: LockRecord
}

interface StoredCommit {
  readonly kind: 'own-commit'
  readonly round: number
  readonly partitions: readonly Uint8Array[]
}

interface StoredPartition {
  readonly kind: 'held'
  readonly id: PartitionId
  readonly bytes: Uint8Array
}

export type DiskRecord = StoredPartition | StoredRound | StoredSnapshot | StoredEntries | StoredLock | StoredCommit

/** What a signature says, for traces: hex of the hash of its essence. */
export interface SignedNote {
  readonly slot: string | null
  readonly content: string
}

export class SimJournal {
  readonly contents = new Contents()
  readonly rounds = new Map<number, StoredRound>()
  /** The newest two, the newer one first. */
  snapshots: readonly StoredSnapshot[] = []
  ownCommit: StoredCommit | null = null
  /** First round after the process has begun: what its key signs from then on is here; null before. */
  knowsFrom: number | null = null
  /** The disk has rounds, but nothing that was signed. */
  readonly isMissing: boolean
  #held: StoredPartition[] = []
  /** Of them, those that wait for their flush. */
  readonly #holding = new Set<StoredPartition>()
  readonly #locks = new Map<number, StoredLock>()
  readonly #disk: SimDisk<DiskRecord>
  #pending = 0

  /** @param expectExisting - the peer is known to have voted: a missing journal is suspicious */
  constructor(disk: SimDisk<DiskRecord>) {
    this.#disk = disk
    for (const record of disk.records) this.#apply(record)
    const newest = this.rounds.get(this.newestRound)
    if (newest !== undefined) this.#forgetBelow(newest.certificate.value.scope)
    this.isMissing = this.contents.owner === null && this.rounds.size > 0
  }

  get snapshot(): StoredSnapshot | null {
    return this.snapshots[0] ?? null
  }

  /** Rounds that a recovery of the stage left are no part of its history; the disk keeps them from nothing. */
  leave(isPart: (at: { readonly round: number; readonly epoch: number }) => boolean): void {
    for (const { certificate } of this.rounds.values())
      if (!isPart(certificate.value.scope)) this.rounds.delete(certificate.value.scope.round)
    this.snapshots = this.snapshots.filter(({ round }) => this.rounds.has(round))
    this.#disk.rewrite(this.#live())
  }

  get newestRound(): number {
    return Math.max(0, ...this.rounds.keys())
  }

  get suspended(): StaleReason | null {
    return this.contents.suspended
  }

  /** Entries, locks and rounds in memory, for bounds. */
  get size(): number {
    return this.contents.slots.size + this.#locks.size
  }

  /**
   * Signs what may be signed, and calls back once all of it is durable. A refusal where the shipped journal refuses; false
   * where the disk takes nothing, which ends the process.
   */
  sign(
    key: Key,
    payloads: readonly Payload[],
    done: (signed: readonly (Signed | Refusal)[], notes: readonly SignedNote[]) => void,
  ): boolean {
    const entries: SignedEntry[] = []
    const notes: SignedNote[] = []
    const results = payloads.map((payload): Signed | Refusal => {
      if (!isJournaled(payload)) {
        notes.push({ slot: null, content: '' })
        return key.sign(payload)
      }
      const slot = slotName(payload)
      const content = contentOf(payload)
      notes.push({ slot, content: hashHex(content) })
      const weighed = this.contents.weigh(placeOf(payload), slot, content)
      if (weighed === 'again') {
        const envelope = this.contents.slots.get(slot)?.entry?.envelope
        const again = envelope === undefined ? null : openLabel(envelope)
        return again ?? refuse('overloaded')
      }
      if (weighed !== 'take') return refuse(weighed === 'contradiction' ? 'contradiction' : 'not-allowed', weighed)
      if (this.#pending + entries.length >= JOURNAL_MAX_PENDING) return refuse('overloaded')
      const signed = key.sign(payload)
      entries.push({ entry: 'signed', ...placeOf(payload), slot, content, envelope: signed.envelope })
      return signed
    })
    for (const entry of entries) this.contents.apply(entry)
    if (entries.length === 0) {
      done(results, notes)
      return true
    }
    return this.#write({ kind: 'journal', entries }, () => done(results, notes))
  }

  remember(place: Place, record: LockRecord, done: () => void): boolean {
    const stored = { kind: 'lock', place, record } as const
    this.#locks.set(place.round, stored)
    return this.#write(stored, done)
  }

  /** Journal entries that are written and not waited for. */
  note(entries: readonly Entry[], done: () => void = () => {}): boolean {
    for (const entry of entries) this.contents.apply(entry)
    return this.#write({ kind: 'journal', entries }, done)
  }

  /**
   * Calls back once it may be acknowledged (node/journal/held): not at all where it finds no room, and where it comes again while it
   * is written.
   */
  hold(id: PartitionId, bytes: Uint8Array, done: () => void): void {
    const known = this.#held.find(held => isSame(held.id, id))
    if (known !== undefined) {
      if (!this.#holding.has(known)) done()
      return
    }
    const record = { kind: 'held', id, bytes } as const
    const takes = this.#disk.write([record], () => {
      this.#holding.delete(record)
      done()
    })
    if (!takes) return
    this.#held.push(record)
    this.#holding.add(record)
  }

  /** What this process or an earlier one has acknowledged, from this round on. */
  heldSince(round: number): readonly { readonly id: PartitionId; readonly bytes: Uint8Array }[] {
    return this.#held.filter(({ id }) => id.round >= round)
  }

  store(record: StoredRound | StoredSnapshot | StoredCommit, done: () => void = () => {}): boolean {
    this.#apply(record)
    return this.#write(record, done)
  }

  /** A round was decided: what it leaves behind is closed and forgotten. */
  decided(place: Place): void {
    this.#forgetBelow(place)
    if (this.#disk.records.length > DISK_REWRITE_RECORDS) this.#disk.rewrite(this.#live())
  }

  #forgetBelow({ run, stage, epoch, round: newest }: Place): void {
    const round = newest - ROUNDS_KEPT + 1
    this.contents.apply({ entry: 'floor', run, stage, epoch, round })
    for (const other of this.#locks.keys()) if (other < round) this.#locks.delete(other)
    this.#held = this.#held.filter(({ id }) => id.round >= round)
  }

  /** What this peer signed in a round, and its lock there; null where nothing. A round that its stage has left since may have had this number. */
  restored(run: string, stage: number, { round, epoch }: { round: number; epoch: number }): RestoredRound | null {
    const messages: Signed[] = []
    for (const { place, entry } of this.contents.slots.values()) {
      if (
        entry === null ||
        place.run !== run ||
        place.stage !== stage ||
        place.round !== round ||
        place.epoch !== epoch
      )
        continue
      const signed = openLabel(entry.envelope)
      if (signed !== null) messages.push(signed)
    }
    const locked = this.#locks.get(round)
    const lock = locked?.place.epoch === epoch ? locked.record : undefined
    if (messages.length === 0 && lock === undefined) return null
    return { messages, ...(lock ?? { lock: null, valid: null }) }
  }

  #live(): DiskRecord[] {
    return [
      { kind: 'journal', entries: this.contents.live() },
      ...this.#locks.values(),
      ...this.#held.filter(held => !this.#holding.has(held)),
      ...this.rounds.values(),
      ...this.snapshots.toReversed(),
      ...(this.ownCommit === null ? [] : [this.ownCommit]),
    ]
  }

  #write(record: DiskRecord, done: () => void): boolean {
    this.#pending++
    return this.#disk.write([record], () => {
      this.#pending--
      done()
    })
  }

  /** Aggregates that neither of the two newest snapshots needs (node/journal/rounds). */
  #dropThrough(round: number): void {
    for (const [at, stored] of this.rounds)
      if (at <= round && stored.partitions !== null) this.rounds.set(at, { ...stored, partitions: null })
  }

  #apply(record: DiskRecord): void {
    switch (record.kind) {
      case 'journal':
        for (const entry of record.entries) this.contents.apply(entry)
        break
      case 'lock':
        this.#locks.set(record.place.round, record)
        break
      case 'round':
        this.rounds.set(record.certified.tip.round, record)
        break
      case 'snapshot':
        if (this.snapshot !== null && this.snapshot.round < record.round) this.#dropThrough(this.snapshot.round)
        this.snapshots = [record, ...this.snapshots.filter(({ round }) => round !== record.round)]
          .sort((a, b) => b.round - a.round)
          .slice(0, 2)
        break
      case 'own-commit':
        this.ownCommit = record
        break
      case 'held':
        this.#held.push(record)
        break
    }
  }
}

function isSame(one: PartitionId, other: PartitionId): boolean {
  return (
    one.round === other.round &&
    one.partition === other.partition &&
    one.author === other.author &&
    equalBytes(one.root, other.root)
  )
}

export { LOCK_RECORD }
