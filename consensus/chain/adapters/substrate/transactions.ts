/** Sends the transactions of one account one after the other: a nonce that waits for another one is dropped by some nodes. */
import type { KeyringPair } from '@polkadot/keyring/types'
import type { DispatchError } from '@polkadot/types/interfaces'
import { isHex } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import { ChainUnavailable, TransactionRefused } from '../../errors.ts'
import type { BlockReference, CallOptions } from '../../types.ts'
import { blockOf, eventsOf, isSystemEvent } from './blocks.ts'
import { type Connection, hashBytes } from './connection.ts'
import { MAX_QUEUED_TRANSACTIONS, TRANSACTION_DEADLINE_MS, TRANSACTION_TRIES, TRANSACTION_TRY_MS } from './constants.ts'
import { within } from './deadline.ts'
import { field, type Transaction } from './pallets.ts'
import { dispatchRefusal, submissionRefusal } from './refusals.ts'

/** Statuses after which a transaction is tried again (Substrate's TransactionStatus). */
const GONE: readonly string[] = ['dropped', 'invalid', 'usurped', 'finalityTimeout']

/** Makes the transaction anew for each try; a block where an earlier try turns out to have done the work. */
export type Build = (options: CallOptions) => Promise<Transaction | BlockReference>

export class Transactions {
  readonly #connection: Connection
  readonly #account: KeyringPair
  #queued = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(connection: Connection, account: KeyringPair) {
    this.#connection = connection
    this.#account = account
  }

  get address(): string {
    return this.#account.address
  }

  /** Resolves with the block that executed it. Rejects with {@link TransactionRefused} or {@link ChainUnavailable}. */
  submit(build: Build, options?: CallOptions): Promise<BlockReference> {
    if (this.#queued >= MAX_QUEUED_TRANSACTIONS) {
      return Promise.reject(new ChainUnavailable(`${this.#queued} transactions are waiting already`))
    }
    this.#queued++
    const result = this.#last.then(() => this.#tries(build, options))
    this.#last = result
      .catch(() => {})
      .finally(() => {
        this.#queued--
      })
    return result
  }

  async #tries(build: Build, { signal }: CallOptions = {}): Promise<BlockReference> {
    const late = AbortSignal.timeout(TRANSACTION_DEADLINE_MS)
    const options = { signal: signal === undefined ? late : AbortSignal.any([late, signal]) }
    let lastError: unknown
    for (let attempt = 0; attempt < TRANSACTION_TRIES; attempt++) {
      try {
        const built = await build(options)
        if ('height' in built) return built
        return await this.#once(built, options)
      } catch (error) {
        signal?.throwIfAborted()
        if (late.aborted) break
        const refusal = error instanceof Error ? submissionRefusal(error.message) : undefined
        if (error instanceof TransactionRefused || refusal !== undefined) throw refusal ?? error
        lastError = error
      }
    }
    throw lastError ?? new ChainUnavailable(`no transaction got into a block within ${TRANSACTION_DEADLINE_MS} ms`)
  }

  async #once(transaction: Transaction, options: CallOptions): Promise<BlockReference> {
    const deadline = { what: 'include a transaction', deadlineMs: TRANSACTION_TRY_MS, signal: options.signal }
    const included = Promise.withResolvers<HexString>()
    // Where signing or sending fails, nobody waits for the outcome.
    included.promise.catch(() => {})
    const offLost = this.#connection.onLost(() => included.reject(new ChainUnavailable('the connection was lost')))
    let unwatch: (() => void) | undefined
    let isOver = false
    try {
      // Left to itself @polkadot/api calls the runtime for it, which costs a node much more, and knows of none that waits.
      const nonce = await this.#connection.nextIndex(this.address, options)
      const signed = await within(deadline, () => transaction.signAsync(this.#account, { nonce }))
      const hash = await within(deadline, async () => {
        unwatch = await this.#connection.watch(signed.toHex(), status => settle(included, status))
        // Granted when nobody waits any more: a node has few watches for a connection.
        if (isOver) unwatch()
        return included.promise
      })
      return await this.#executed(signed, hash, options)
    } finally {
      isOver = true
      offLost()
      unwatch?.()
    }
  }

  async #executed(signed: Transaction, hash: HexString, options: CallOptions): Promise<BlockReference> {
    const height = await this.#connection.ask('send a block', options, async () => {
      const [block, events] = await Promise.all([blockOf(this.#connection, hash), eventsOf(this.#connection, hash)])
      const index = block.extrinsics.findIndex(extrinsic => extrinsic.hash.eq(signed.hash))
      if (index < 0) throw new ChainUnavailable("the chain's node named a block without the transaction")
      const failed = events.find(event => isSystemEvent(event, 'ExtrinsicFailed', index))
      const error = failed?.event.data[0]
      if (error !== undefined) throw dispatchRefusal(this.#connection.api, error as DispatchError)
      return block.height
    })
    return { height, hash: hashBytes(hash) }
  }
}

/** Takes a node's TransactionStatus: in a block, gone for good, or still on its way. */
function settle(included: PromiseWithResolvers<HexString>, status: unknown): void {
  const block = field(status, 'inBlock') ?? field(status, 'finalized')
  if (isHex(block, 256)) included.resolve(block)
  const name = typeof status === 'string' ? status : Object.keys(Object(status))[0]
  if (name !== undefined && GONE.includes(name)) included.reject(new ChainUnavailable(`the transaction was ${name}`))
}
