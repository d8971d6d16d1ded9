/**
 * The engine's state and the certified history that it belongs to, moved forward together: by own rounds, by replay from the
 * disk, by certificates and aggregates of siblings, or by a sibling's snapshot.
 */
import { SNAPSHOT_CHUNK_BYTES } from '../../protocols/state/index.ts'
import { equalBytes, isZeroHash } from '../../protocols/wire/hash.ts'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { freeBuffer } from '../engine/runtime/buffers.ts'
import { chunkLeaves } from '../engine/runtime/hashing.ts'
import type { StageEngine } from '../engine/runtime/types.ts'
import type { IncomingSnapshot, Partitions, RoundStore, SigningJournal } from '../journal/index.ts'
import type { Certified } from './follow.ts'
import type { Tip } from './tip.ts'

export interface StageStateInit {
  readonly run: ContentId
  readonly stage: number
  readonly engine: StageEngine
  readonly store: RoundStore
  readonly journal: SigningJournal
  /** Before the first round. */
  readonly start: Tip
  readonly tip: Tip
}

export class StageState {
  readonly #init: StageStateInit
  #tip: Tip
  #executed: Certified | null = null
  /** The disk has all rounds up to this one. */
  #storedThrough: number
  /** Writes of the last round: the next round does not wait for them, the one after does. */
  #writing: Promise<void> = Promise.resolve()

  constructor(init: StageStateInit) {
    this.#init = init
    this.#tip = init.tip
    this.#storedThrough = init.tip.round
  }

  /** The initial state. */
  get start(): Tip {
    return this.#init.start
  }

  get tip(): Tip {
    return this.#tip
  }

  /** The round of the tip, where this process executed it; null where the state came from elsewhere. */
  get executed(): Certified | null {
    return this.#executed
  }

  /** The engine's shadow copy is what was certified. */
  async promote(certified: Certified, partitions: Partitions): Promise<void> {
    await this.#init.engine.promote()
    await this.#advance(certified, partitions)
  }

  /** SKIP: the state stays. */
  async keep(certified: Certified): Promise<void> {
    await this.#advance(certified, null)
  }

  /**
   * Executes a round that others have certified. False where the partitions do not give the certified state, which on a
   * sound machine means that the state before was not the certified one.
   */
  async replay(certified: Certified, partitions: Partitions, isNewest: boolean, signal: AbortSignal): Promise<boolean> {
    const { engine } = this.#init
    const { outcome } = certified.verified
    const isSkip = isZeroHash(outcome.aggregateRoot)
    if (isSkip) {
      await this.keep(certified)
      return true
    }
    if (partitions === null) return false
    const { accepted, fullRoot } = await engine.execute(certified.tip.round, partitions, outcome.fullRoot !== null, {
      signal,
    })
    if (!accepted) return false
    if (outcome.fullRoot !== null && (fullRoot === null || !equalBytes(fullRoot, outcome.fullRoot))) return false
    // Without its own gradients' momentum it starts from the stage's: what it commits next is then no outlier.
    await engine.promote({ adoptMomentum: isNewest })
    await this.#advance(certified, partitions)
    return true
  }

  /** The stage was re-formed from the tip: the next round follows this one, and the state stays. */
  resume(tip: Tip): void {
    this.#tip = tip
    this.#storedThrough = Math.max(this.#storedThrough, tip.round)
  }

  /**
   * Takes a snapshot of a certified round, whose chunks are all there, in place of everything before it. It is in memory once,
   * on its way to the engine; its file becomes the stored snapshot.
   */
  async adopt(certified: Certified, incoming: IncomingSnapshot): Promise<boolean> {
    const { engine, store, journal } = this.#init
    const { fullRoot } = certified.verified.outcome
    const { round } = certified.tip
    await engine.importState(await incoming.state())
    if (fullRoot === null || !equalBytes(await engine.fullRoot(), fullRoot)) {
      await store.dropIncoming(incoming)
      return false
    }
    await this.flush()
    this.#tip = certified.tip
    this.#executed = null
    if (round > (store.snapshots[0]?.round ?? -1)) await store.takeIncoming(round, incoming)
    else await store.dropIncoming(incoming)
    this.#storedThrough = Math.max(this.#storedThrough, round)
    await journal.decided(this.#place(certified))
    return true
  }

  /** Resolves once everything is on the disk. */
  flush(): Promise<void> {
    return this.#writing
  }

  async #advance(certified: Certified, partitions: Partitions): Promise<void> {
    this.#tip = certified.tip
    this.#executed = certified
    await this.#writing
    const isSnapshot = certified.verified.outcome.fullRoot !== null
    // Exported now: the next round's step would be in it later.
    const state = isSnapshot ? await this.#init.engine.exportState() : null
    this.#writing = this.#write(certified, partitions, state)
    // Whoever waits next hears of a failure; nobody waiting yet is no reason to end the process.
    this.#writing.catch(() => undefined)
  }

  async #write(certified: Certified, partitions: Partitions, state: Uint8Array | null): Promise<void> {
    const { store, journal } = this.#init
    const { round } = certified.tip
    // Rounds that are replayed on an older snapshot, after this machine had computed differently, are stored already.
    if (round <= this.#storedThrough) return
    await store.putRound({ round, certificate: certified.encoded, partitions })
    this.#storedThrough = round
    if (state !== null) {
      await this.#putSnapshot(certified, state)
      // Left to the garbage collector it lay among what the next rounds need, and made room for itself anew each time.
      freeBuffer(state.buffer)
    }
    await journal.decided(this.#place(certified))
  }

  #putSnapshot({ tip, verified }: Certified, state: Uint8Array): Promise<void> {
    const { fullRoot } = verified.outcome
    const leaves = fullRoot === null ? [] : chunkLeaves([state], SNAPSHOT_CHUNK_BYTES)
    return this.#init.store.putSnapshot({ round: tip.round, link: tip.link, state: tip.state, fullRoot, leaves }, state)
  }

  #place({ verified }: Certified): { run: ContentId; stage: number; epoch: number; round: number } {
    const { epoch, round } = verified.value.scope
    return { run: this.#init.run, stage: this.#init.stage, epoch, round }
  }
}
