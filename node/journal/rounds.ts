/**
 * What a peer knows of decided rounds (event sourcing): certificates of all stages until they are pruned, aggregates of its own
 * stage since the older of its two snapshots, the snapshots. State = snapshot + certified aggregates; everything else is dropped.
 */
import { MAX_PARTITIONS } from '../../protocols/wire/constants.ts'
import type { Digest } from '../../protocols/wire/environment.ts'
import { AggregateFiles, type Partitions } from './aggregates.ts'
import { CertificateFiles, type StoredCertificate } from './certificates.ts'
import { CERTIFICATE_PAGE_MAX_BYTES } from './constants.ts'
import type { IncomingHead, IncomingSnapshot } from './incoming.ts'
import { IncomingFiles } from './incoming-files.ts'
import { type SnapshotHead, Snapshots } from './snapshots.ts'
import type { Storage } from './storage.ts'

export interface RoundStoreOptions {
  readonly storage: Storage
  /** Own stage: the one whose aggregates and snapshots are kept. */
  readonly stage: number
  /** Stages of the run; certificates of each may be stored. */
  readonly stages: number
  readonly digest: Digest
  /** Number of the run's first round. Default 0. */
  readonly firstRound?: number
}

/** A decided and executed round of the own stage. */
export interface StoredRound extends StoredCertificate {
  /** The aggregated partitions, null for SKIP. They are as they were written; compare with the certificate's root. */
  readonly partitions: Partitions
}

/** What a restarted peer has on its disk. */
export interface Recovery {
  /** The newest snapshot that matches its checksum; null: start from the initial state. */
  readonly snapshot: { readonly head: SnapshotHead; readonly state: Uint8Array } | null
  /** Last round of `rounds`, else the snapshot's, else one before the first. */
  readonly toRound: number
  /** The rounds after the snapshot that have both certificate and aggregate, without a gap, in order; read as they are asked for. */
  rounds(): AsyncGenerator<StoredRound>
}

export interface RecoverOptions {
  readonly signal?: AbortSignal
  readonly roundAfter?: (round: number) => number
}

export interface CertificateRange {
  readonly stage: number
  /** First and last round, both included. */
  readonly from: number
  readonly to: number
}

export class RoundStore {
  readonly #stage: number
  readonly #firstRound: number
  readonly #certificates: readonly CertificateFiles[]
  readonly #aggregates: AggregateFiles
  readonly #snapshots: Snapshots
  readonly #incoming: IncomingFiles
  /** One writer: each write waits for the one before. */
  #last: Promise<unknown> = Promise.resolve()
  /** Set by the first write that the disk refused: where the files end is then unknown until they are opened again. */
  #failure: unknown = null

  private constructor(
    options: RoundStoreOptions,
    certificates: readonly CertificateFiles[],
    aggregates: AggregateFiles,
    snapshots: Snapshots,
    incoming: IncomingFiles,
  ) {
    this.#stage = options.stage
    this.#firstRound = options.firstRound ?? 0
    this.#certificates = certificates
    this.#aggregates = aggregates
    this.#snapshots = snapshots
    this.#incoming = incoming
  }

  /** Before a peer takes up another stage: what is kept of the old one's state is of no use. Its certificates stay. */
  static async forgetState(storage: Storage): Promise<void> {
    for (const name of await storage.list()) {
      if (AggregateFiles.isName(name) || Snapshots.isName(name)) await storage.remove(name)
    }
  }

  /** @throws JournalDamaged */
  static async open(options: RoundStoreOptions): Promise<RoundStore> {
    const certificates: CertificateFiles[] = []
    for (let stage = 0; stage < options.stages; stage++)
      certificates.push(await CertificateFiles.open(options.storage, stage))
    const aggregates = await AggregateFiles.open(options.storage)
    const snapshots = await Snapshots.open(options.storage, options.digest)
    const incoming = await IncomingFiles.open(options.storage, options.digest)
    return new RoundStore(options, certificates, aggregates, snapshots, incoming)
  }

  /** A round of the own stage; resolves once it is on the disk. The aggregate comes first: a certificate alone says nothing. */
  putRound({ round, certificate, partitions }: StoredRound): Promise<void> {
    if ((partitions?.length ?? 0) > MAX_PARTITIONS) throw new RangeError('too many partitions')
    return this.#inTurn(async () => {
      await this.#aggregates.put(round, partitions)
      await this.#aggregates.flush()
      const file = this.#file(this.#stage)
      await file.put(round, certificate)
      await file.flush()
    })
  }

  /** A certificate of any stage; not flushed, because any peer of that stage has it too. What rests on it is stored after a flush. */
  putCertificate(stage: number, round: number, certificate: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#file(stage).put(round, certificate))
  }

  async certificate(stage: number, round: number): Promise<Uint8Array | null> {
    return (await this.#certificates[stage]?.get(round)) ?? null
  }

  /** Stored certificates of a range from its start, until the first gap or some 1 MiB; at least one where the first is held. */
  async certificates({ stage, from, to }: CertificateRange): Promise<StoredCertificate[]> {
    const found: StoredCertificate[] = []
    let bytes = 0
    for (let round = from; round <= to && bytes < CERTIFICATE_PAGE_MAX_BYTES; round++) {
      const certificate = await this.certificate(stage, round)
      if (certificate === null) break
      found.push({ round, certificate })
      bytes += certificate.length
    }
    return found
  }

  /** Highest round of a stage with a certificate; null where there is none. */
  newest(stage: number): number | null {
    const newest = this.#certificates[stage]?.newest ?? -1
    return newest < 0 ? null : newest
  }

  /** Lowest round of a stage with a certificate; null where there is none. */
  oldest(stage: number): number | null {
    return this.#certificates[stage]?.oldest ?? null
  }

  /**
   * The lowest round from which on the own stage's certificates are held up to `round` without a gap; `round + 1` where it is not held.
   * @param roundBefore - the round that precedes another: a history may leave numbers out
   */
  heldFrom(round: number, roundBefore = (after: number) => after - 1): number {
    const file = this.#file(this.#stage)
    let from = round + 1
    for (let at = round; file.has(at); at = roundBefore(at)) from = at
    return from
  }

  /**
   * Drops certificates of rounds below this one, of every stage, as far as whole files hold nothing else. Those that the
   * older snapshot rests on stay, whatever is asked.
   */
  prune(round: number): Promise<void> {
    return this.#inTurn(async () => {
      const older = this.#snapshots.heads[1]
      if (older === undefined) return
      for (const file of this.#certificates) await file.dropBelow(Math.min(round, older.round))
    })
  }

  /** One aggregated partition of the own stage. */
  aggregate(round: number, partition: number): Promise<Uint8Array | null> {
    return this.#aggregates.partition(round, partition)
  }

  /** All aggregated partitions of a round of the own stage, null for SKIP; undefined where it is not held. */
  aggregates(round: number): Promise<Partitions | undefined> {
    return this.#aggregates.get(round)
  }

  /** Writes a snapshot and drops the aggregates that neither of the two kept ones needs. Resolves once it is on the disk. */
  putSnapshot(head: SnapshotHead, state: Uint8Array, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#inTurn(async () => {
      await this.#snapshots.put(head, state, options)
      await this.#startAfter(head.round)
    })
  }

  /** Round of a snapshot that an interrupted transfer has left a part of; null where there is none. */
  get unfinished(): number | null {
    return this.#incoming.round
  }

  /** Where the chunks of a snapshot on its way go. There is one; what was left of others is removed. */
  incoming(head: IncomingHead): Promise<IncomingSnapshot> {
    return this.#inTurn(() => this.#incoming.of(head))
  }

  /** Takes a snapshot that came whole and whose `state()` was checked; as `putSnapshot`. */
  takeIncoming(round: number, incoming: IncomingSnapshot): Promise<void> {
    return this.#inTurn(async () => {
      // A snapshot says nothing without the certificates that led to it, which came one by one and were not flushed.
      await this.#file(this.#stage).flush()
      await this.#snapshots.take(round, incoming)
      await this.#startAfter(round)
    })
  }

  /** It is of no use: nothing of it is kept. */
  dropIncoming(incoming: IncomingSnapshot): Promise<void> {
    return this.#inTurn(() => this.#incoming.drop(incoming))
  }

  /** Heads of the kept snapshots, newest first. */
  get snapshots(): readonly (SnapshotHead & { readonly bytes: number })[] {
    return this.#snapshots.heads
  }

  /** A piece of a snapshot for a sibling. */
  snapshotPiece(round: number, offset: number, bytes: number): Promise<Uint8Array | null> {
    return this.#snapshots.piece(round, offset, bytes)
  }

  /** Rounds of [from, to] of the own stage are no part of its history any more: nothing of them is held, or given out. */
  leave(from: number, to: number): void {
    this.#file(this.#stage).leave(from, to)
    this.#aggregates.leave(from, to)
    this.#snapshots.leave(from, to)
  }

  /** @param roundAfter - the round that follows another: a history may leave numbers out */
  async recover(options: RecoverOptions = {}): Promise<Recovery> {
    const { roundAfter = (round: number) => round + 1 } = options
    const snapshot = await this.#newestSnapshot(options)
    const before = snapshot === null ? this.#firstRound - 1 : snapshot.head.round
    let toRound = before
    for (let next = roundAfter(before); this.#holds(next); next = roundAfter(next)) toRound = next
    const read = (round: number): Promise<StoredRound | null> => this.#read(round)
    return {
      snapshot,
      toRound,
      async *rounds() {
        for (let round = roundAfter(before); round <= toRound; round = roundAfter(round)) {
          const stored = await read(round)
          if (stored === null) return
          yield stored
        }
      },
    }
  }

  async close(): Promise<void> {
    await this.#last
    for (const file of this.#certificates) await file.close()
    await this.#aggregates.close()
  }

  /** After a new snapshot: drops the aggregates that neither kept one needs, and what it outdates. */
  async #startAfter(round: number): Promise<void> {
    await this.#aggregates.startSegment(round + 1)
    const older = this.#snapshots.heads[1]
    if (older !== undefined) await this.#aggregates.dropThrough(older.round)
    await this.#incoming.dropThrough(round)
  }

  async #newestSnapshot(options: { signal?: AbortSignal }): Promise<Recovery['snapshot']> {
    for (const head of this.#snapshots.heads) {
      const state = await this.#snapshots.state(head.round, options)
      if (state !== null) return { head, state }
    }
    return null
  }

  async #read(round: number): Promise<StoredRound | null> {
    const certificate = await this.certificate(this.#stage, round)
    const partitions = await this.#aggregates.get(round)
    return certificate === null || partitions === undefined ? null : { round, certificate, partitions }
  }

  #holds(round: number): boolean {
    return this.#aggregates.has(round) && this.#file(this.#stage).has(round)
  }

  #file(stage: number): CertificateFiles {
    const file = this.#certificates[stage]
    if (file === undefined) throw new RangeError(`stage ${stage} is not one of ${this.#certificates.length}`)
    return file
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      if (this.#failure !== null) throw this.#failure
      return write()
    })
    this.#last = result.catch(error => {
      if (!(error instanceof RangeError)) this.#failure ??= error
    })
    return result
  }
}
