/** The embedded chain: seals blocks when its policy says so, reports a finalised head that lags behind the best one. */
import { type Block, ResponseError } from '@acala-network/chopsticks-core'
import type { GenericExtrinsic } from '@polkadot/types'
import type { HexString } from '@polkadot/util/types'
import { blake2AsHex } from '@polkadot/util-crypto'
import { buildNext } from './build-block.ts'
import type { Ledger } from './ledger.ts'
import { Pool, type Watcher } from './pool.ts'
import { type SealingOptions, sealDueMs } from './sealing.ts'

export interface ChainOptions extends SealingOptions {
  /** Blocks between the head and the finalised head. */
  readonly finalityLag: number
}

export type HeadKind = 'best' | 'finalized'
export type HeadListener = (block: Block) => void

export class EmbeddedChain {
  readonly ledger: Ledger
  readonly pool = new Pool()
  readonly #options: ChainOptions
  readonly #onError: (error: unknown) => void
  readonly #listeners: Record<HeadKind, Set<HeadListener>> = { best: new Set(), finalized: new Set() }
  #validating = 0
  #lastBlockMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  /** Blocks are sealed one after the other. */
  #sealing: Promise<void> = Promise.resolve()
  #firstBlock: Promise<void> = Promise.resolve()
  #busy = false
  #stopped = false

  constructor(ledger: Ledger, options: ChainOptions, onError: (error: unknown) => void) {
    this.ledger = ledger
    this.#options = options
    this.#onError = onError
  }

  /**
   * Starts the timer; a new chain's first block is sealed at once. Signatures check against its parent's hash, so
   * transactions wait for it; it takes seconds, in which the clients connect.
   */
  start(): void {
    if (this.ledger.head.number === 0) this.#firstBlock = this.seal().catch(() => {})
    else this.#arm()
  }

  async finalized(): Promise<Block> {
    const block = await this.ledger.getBlockAt(Math.max(0, this.ledger.head.number - this.#options.finalityLag))
    if (block === undefined) throw new Error('the finalised block is missing')
    return block
  }

  /** Returns the unsubscribe function. */
  onHead(kind: HeadKind, listener: HeadListener): () => void {
    this.#listeners[kind].add(listener)
    return () => this.#listeners[kind].delete(listener)
  }

  /** Adds a transaction if the head's runtime finds it valid; throws a {@link ResponseError} otherwise. */
  async submit(extrinsic: HexString, watcher?: Watcher): Promise<{ hash: HexString; unwatch: () => void }> {
    this.pool.check(extrinsic)
    this.#validating++
    try {
      await this.#firstBlock
      const validity = await this.ledger.validateExtrinsic(extrinsic)
      if (validity.isErr) {
        throw new ResponseError(
          validity.asErr.isInvalid ? 1010 : 1011,
          `Invalid Transaction: ${validity.asErr.toString()}`,
        )
      }
      const registry = await this.ledger.head.registry
      const { signer } = registry.createType<GenericExtrinsic>('GenericExtrinsic', extrinsic)
      return {
        hash: blake2AsHex(extrinsic, 256),
        unwatch: this.pool.add(extrinsic, signer.toString(), performance.now(), watcher),
      }
    } finally {
      this.#validating--
      this.#arm()
    }
  }

  /** Seals one block of everything that waits. */
  seal(): Promise<void> {
    const sealed = this.#sealing.then(() => this.#seal())
    // The next block is tried again by the timer, with the same transactions.
    this.#sealing = sealed.catch(this.#onError)
    return sealed
  }

  /** Ends sealing; the block in progress is finished. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#sealing
  }

  async #seal(): Promise<void> {
    this.#busy = true
    this.#lastBlockMs = performance.now()
    try {
      await this.#build(this.pool.extrinsics)
    } finally {
      this.#busy = false
      this.#arm()
    }
  }

  async #build(tried: readonly HexString[]): Promise<void> {
    await this.ledger.onNewBlock(await buildNext(this.ledger.head, tried))
    const head = this.ledger.head
    this.pool.settle(tried, new Set(await head.extrinsics), head.number, head.hash)
    const final = await this.finalized()
    this.pool.finalize(final.number)
    for (const listener of this.#listeners.best) listener(head)
    for (const listener of this.#listeners.finalized) listener(final)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#stopped || this.#busy) return
    const state = {
      lastBlockMs: this.#lastBlockMs,
      firstWaitingMs: this.pool.firstWaitingMs,
      validating: this.#validating,
    }
    const delayMs = Math.max(0, sealDueMs(state, this.#options) - performance.now())
    this.#timer = setTimeout(() => void this.seal().catch(() => {}), delayMs)
  }
}
