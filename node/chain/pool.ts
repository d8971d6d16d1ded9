/** Transactions that wait for a block, in order of arrival, and who wants to hear what becomes of them. */
import { ResponseError } from '@acala-network/chopsticks-core'
import type { HexString } from '@polkadot/util/types'
import { MAX_POOL } from './constants.ts'

/** Substrate's TransactionStatus, as `author_extrinsicUpdate` carries it. */
export type Status = 'ready' | 'invalid' | { readonly inBlock: HexString } | { readonly finalized: HexString }
export type Watcher = (status: Status) => void

interface Waiting {
  readonly signer: string
  readonly arrivedMs: number
  readonly watchers: Set<Watcher>
}

interface Included {
  readonly height: number
  readonly hash: HexString
  readonly watchers: Set<Watcher>
}

export class Pool {
  readonly #waiting = new Map<HexString, Waiting>()
  #included: Included[] = []

  get firstWaitingMs(): number | null {
    for (const { arrivedMs } of this.#waiting.values()) return arrivedMs
    return null
  }

  get extrinsics(): HexString[] {
    return [...this.#waiting.keys()]
  }

  countOf(signer: string): number {
    let count = 0
    for (const waiting of this.#waiting.values()) if (waiting.signer === signer) count++
    return count
  }

  /** Throws a {@link ResponseError} with Substrate's codes: 1013 for a known transaction, 1016 for a full pool. */
  check(extrinsic: HexString): void {
    if (this.#waiting.has(extrinsic)) throw new ResponseError(1013, 'Transaction Already Imported')
    if (this.#waiting.size >= MAX_POOL) throw new ResponseError(1016, 'Immediately Dropped: the pool is full')
  }

  /** Adds a valid transaction; returns the function that ends the watching. */
  add(extrinsic: HexString, signer: string, arrivedMs: number, watcher?: Watcher): () => void {
    this.check(extrinsic)
    const watchers = new Set<Watcher>(watcher === undefined ? [] : [watcher])
    this.#waiting.set(extrinsic, { signer, arrivedMs, watchers })
    watcher?.('ready')
    return () => watchers.clear()
  }

  /** Says what became of the transactions that were tried in a block. */
  settle(tried: readonly HexString[], included: ReadonlySet<string>, height: number, hash: HexString): void {
    for (const extrinsic of tried) {
      const waiting = this.#waiting.get(extrinsic)
      this.#waiting.delete(extrinsic)
      if (waiting === undefined || waiting.watchers.size === 0) continue
      if (included.has(extrinsic)) this.#included.push({ height, hash, watchers: waiting.watchers })
      for (const watcher of waiting.watchers) watcher(included.has(extrinsic) ? { inBlock: hash } : 'invalid')
    }
  }

  finalize(height: number): void {
    const final = this.#included.filter(entry => entry.height <= height)
    this.#included = this.#included.filter(entry => entry.height > height && entry.watchers.size > 0)
    for (const { hash, watchers } of final) for (const watcher of watchers) watcher({ finalized: hash })
  }
}
