/** Finalised blocks: their hashes, and every new one in order of height, however the node skips or repeats them. */
import type { HexString } from '@polkadot/util/types'
import { ChainUnavailable } from '../../errors.ts'
import type { BlockReference, CallOptions } from '../../types.ts'
import { type Connection, hashBytes } from './connection.ts'
import { FINALIZED_POLL_MS, MAX_CACHED_HASHES } from './constants.ts'

export class FinalizedBlocks {
  readonly #connection: Connection
  /** Hash by height, oldest entry first. */
  readonly #hashes = new Map<number, HexString>()
  readonly #callbacks = new Set<(head: BlockReference) => void>()
  readonly #closed = new AbortController()
  /** Highest finalised height known. */
  #height = 0
  /** Height that the callbacks heard of last; undefined before the first. */
  #delivered: number | undefined
  #delivering = false
  #wanted = false
  #subscription: Promise<() => void> | undefined
  #poll: ReturnType<typeof setInterval> | undefined

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async head(options?: CallOptions): Promise<BlockReference> {
    const hash = await this.#connection.hash('chain_getFinalizedHead', [], options)
    if (hash === undefined) throw new ChainUnavailable("the chain's node knows no finalised head")
    const height = (await this.#connection.header(hash, options)).number.toNumber()
    this.#remember(height, hash)
    // Behind a load balancer the next node may lag; what was finalised stays so.
    if (height >= this.#height) this.#height = height
    return { height: this.#height, hash: await this.hashAt(this.#height, options) }
  }

  /** Rejects with {@link ChainUnavailable} where `height` is not finalised. */
  async hashAt(height: number, options?: CallOptions): Promise<Uint8Array> {
    return hashBytes(await this.hexAt(height, options))
  }

  async hexAt(height: number, options?: CallOptions): Promise<HexString> {
    const cached = this.#hashes.get(height)
    if (cached !== undefined) return cached
    const hash = await this.#claimedAt(height, options)
    const header = await this.#connection.header(hash, options)
    this.#check(height, hash, header.number.toNumber())
    return hash
  }

  /** The block at `height` as `read` gets it by its hash, which it must check; the block itself says that this is its height. */
  async blockAt<Block extends { readonly height: number }>(
    height: number,
    read: (hash: HexString) => Promise<Block>,
    options?: CallOptions,
  ): Promise<Block> {
    const hash = this.#hashes.get(height) ?? (await this.#claimedAt(height, options))
    const block = await read(hash)
    this.#check(height, hash, block.height)
    return block
  }

  /** Returns the unsubscribe function. */
  subscribe(callback: (head: BlockReference) => void): () => void {
    this.#callbacks.add(callback)
    if (this.#poll === undefined) {
      this.#poll = setInterval(() => this.#refresh(), FINALIZED_POLL_MS)
      this.#subscription = this.#connection.subscribeFinalized(() => this.#refresh())
      // Where subscribing fails the poll goes on.
      this.#subscription.catch(() => {})
      this.#refresh()
    }
    return () => this.#callbacks.delete(callback)
  }

  close(): void {
    this.#closed.abort(new ChainUnavailable('the connection to the chain was closed'))
    clearInterval(this.#poll)
    this.#callbacks.clear()
    this.#subscription?.then(unsubscribe => unsubscribe()).catch(() => {})
  }

  /** Looks what is final now. One at a time: what is asked for meanwhile is looked at once more. */
  #refresh(): void {
    this.#wanted = true
    if (!this.#delivering) void this.#deliver()
  }

  async #deliver(): Promise<void> {
    this.#delivering = true
    const options = { signal: this.#closed.signal }
    while (this.#wanted && !this.#closed.signal.aborted) {
      this.#wanted = false
      // What cannot be had now is had at the next head or poll.
      const head = await this.head(options).catch(() => undefined)
      if (head === undefined) break
      for (let height = (this.#delivered ?? head.height - 1) + 1; height <= head.height; height++) {
        const hash = await this.hashAt(height, options).catch(() => undefined)
        if (hash === undefined) break
        this.#delivered = height
        for (const callback of this.#callbacks) callback({ height, hash })
      }
    }
    this.#delivering = false
  }

  /** What the node says; nothing has shown yet that it is the hash of this block. */
  async #claimedAt(height: number, options?: CallOptions): Promise<HexString> {
    if (!Number.isSafeInteger(height) || height < 0) throw new RangeError(`not a height: ${height}`)
    if (height > this.#height) await this.head(options)
    if (height > this.#height)
      throw new ChainUnavailable(`block ${height} is not final yet (finalised: ${this.#height})`)
    const hash = await this.#connection.hash('chain_getBlockHash', [height], options)
    if (hash === undefined) throw new ChainUnavailable(`the chain's node does not know block ${height}`)
    return hash
  }

  #check(height: number, hash: HexString, shownHeight: number): void {
    if (shownHeight !== height) throw new ChainUnavailable(`the chain's node sent another block than ${height}`)
    this.#remember(height, hash)
  }

  #remember(height: number, hash: HexString): void {
    const known = this.#hashes.get(height)
    if (known !== undefined && known !== hash) {
      throw new ChainUnavailable(`the chain's node contradicts itself about finalised block ${height}`)
    }
    this.#hashes.set(height, hash)
    if (this.#hashes.size > MAX_CACHED_HASHES) this.#hashes.delete(this.#hashes.keys().next().value!)
  }
}
