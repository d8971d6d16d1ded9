/**
 * The modelled chain: blocks at an interval, a finalised head some blocks behind, stalls, forks of what is not final, and
 * transactions that may be lost or come twice. Each peer sees it through an RPC of its own, which may hang or lie about what
 * is not final: nothing that peers decide may depend on that.
 */
import type { ChainModel } from '../scenario/types.ts'
import { hashText, RandomStream } from './random.ts'
import type { Time } from './timeline.ts'

export interface SimBlock {
  readonly height: number
  readonly hash: Uint8Array
}

/** A transaction is any payload; who reads the chain gets it with its block. */
export interface IncludedTransaction<T> {
  readonly height: number
  readonly transaction: T
}

export interface ChainFaults {
  /** No block is made while there is one. */
  stalls: number
  /** Probability that a transaction is lost, or included twice. */
  loss: number
  duplication: number
}

export class SimChain<T> {
  readonly #time: Time
  readonly #model: ChainModel
  readonly #seed: number
  readonly #random: RandomStream
  readonly #hashes: Uint8Array[] = []
  /** In the order of their blocks. */
  readonly #included: IncludedTransaction<T>[] = []
  /** Of each block: how many were included in those before it, so that a read costs what it finds. */
  readonly #before: number[] = []
  readonly #onBlock: (block: SimBlock, finalized: boolean) => void
  #pool: T[] = []
  #forks = 0
  readonly faults: ChainFaults = { stalls: 0, loss: 0, duplication: 0 }

  constructor(time: Time, model: ChainModel, seed: number, onBlock: (block: SimBlock, finalized: boolean) => void) {
    this.#time = time
    this.#model = model
    this.#seed = seed
    this.#random = new RandomStream(seed, 'chain')
    this.#onBlock = onBlock
    // The chain is older than the run: its first blocks are final when the run starts.
    for (let height = 0; height <= model.finalityBlocks + FIRST_FINAL; height++) this.#push(height)
  }

  get best(): SimBlock {
    return this.block(this.#hashes.length - 1)
  }

  get finalized(): SimBlock {
    return this.block(Math.max(0, this.#hashes.length - 1 - this.#model.finalityBlocks))
  }

  /** Only of heights that exist. */
  block(height: number): SimBlock {
    const hash = this.#hashes[height]
    if (hash === undefined) throw new RangeError(`no block ${height}`)
    return { height, hash }
  }

  start(): void {
    this.#time.after(this.#model.blockMs, () => this.#next())
  }

  submit(transaction: T): void {
    if (this.#random.chance(this.faults.loss)) return
    this.#pool.push(transaction)
    if (this.#random.chance(this.faults.duplication)) this.#pool.push(transaction)
  }

  /** In order, those of the blocks of (afterHeight, toHeight]. */
  transactions(afterHeight: number, toHeight: number): readonly IncludedTransaction<T>[] {
    return this.#included.slice(this.#countThrough(afterHeight), this.#countThrough(toHeight))
  }

  /** Another branch replaces the blocks that are not final; their transactions go back to the pool. */
  reorganise(): void {
    this.#forks++
    const final = this.finalized.height
    const back = this.#included.splice(this.#countThrough(final))
    for (let height = final + 1; height < this.#hashes.length; height++) {
      this.#hashes[height] = this.#hashOf(height)
      this.#before[height] = this.#included.length
    }
    this.#pool.push(...back.map(({ transaction }) => transaction))
  }

  #next(): void {
    this.#time.after(this.#model.blockMs, () => this.#next())
    if (this.faults.stalls > 0) return
    const height = this.#hashes.length
    this.#push(height)
    for (const transaction of this.#pool) this.#included.push({ height, transaction })
    this.#pool = []
    this.#onBlock(this.best, false)
    this.#onBlock(this.finalized, true)
  }

  #push(height: number): void {
    this.#hashes.push(this.#hashOf(height))
    this.#before.push(this.#included.length)
  }

  /** Transactions of the blocks up to this height. */
  #countThrough(height: number): number {
    return height < 0 ? 0 : (this.#before[height + 1] ?? this.#included.length)
  }

  #hashOf(height: number): Uint8Array {
    const hash = new Uint8Array(32)
    const view = new DataView(hash.buffer)
    for (let word = 0; word < 8; word++)
      view.setInt32(4 * word, hashText(`block ${height} fork ${this.#forks} ${word}`, this.#seed))
    return hash
  }
}

/** Height that is final when the run starts. */
export const FIRST_FINAL = 4
