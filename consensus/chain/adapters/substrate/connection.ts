/** One WebSocket to a Substrate node: connects, checks what the chain can do, connects again by itself after a loss. */
import type { ApiPromise } from '@polkadot/api'
import type { Header } from '@polkadot/types/interfaces'
import { hexToU8a, isHex } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import type { Hash } from '../../../../protocols/wire/messages.ts'
import { ChainUnavailable, ChainUnsupported } from '../../errors.ts'
import type { CallOptions } from '../../types.ts'
import { checkChain, createApi, type RunningApi, specVersionIn } from './api.ts'
import {
  CALL_DEADLINE_MS,
  CONNECT_DEADLINE_MS,
  RECONNECT_MAX_MS,
  RECONNECT_MIN_MS,
  SUBSCRIBE_RETRY_MS,
} from './constants.ts'
import { within } from './deadline.ts'
import { RpcSocket } from './rpc-socket.ts'

export interface ConnectOptions extends CallOptions {
  /** ms for each question after connecting, {@link CALL_DEADLINE_MS} unless told. */
  readonly callDeadlineMs?: number
  /** ms for connecting, {@link CONNECT_DEADLINE_MS} unless told. */
  readonly connectDeadlineMs?: number
}

export class Connection {
  readonly genesis: Hash
  #running: RunningApi
  readonly #provider: RpcSocket
  readonly #callDeadlineMs: number
  readonly #stopReconnecting: () => void
  /** As the node told it last. */
  #newestSpec = 0
  #isUpgrading = false
  #isClosed = false

  /** Rejects with {@link ChainUnavailable} or {@link ChainUnsupported}. */
  static async open(url: string, options: ConnectOptions = {}): Promise<Connection> {
    const deadlineMs = options.connectDeadlineMs ?? CONNECT_DEADLINE_MS
    const provider = new RpcSocket(url, deadlineMs)
    try {
      return await within({ what: `answer at ${url}`, deadlineMs, signal: options.signal }, async () => {
        await connected(provider, url)
        const running = await createApi(provider)
        checkChain(running.api)
        return new Connection(provider, running, options)
      })
    } catch (error) {
      await provider.disconnect()
      throw error
    }
  }

  private constructor(provider: RpcSocket, running: RunningApi, options: ConnectOptions) {
    this.#provider = provider
    this.#running = running
    this.genesis = this.api.genesisHash.toU8a()
    this.#callDeadlineMs = options.callDeadlineMs ?? CALL_DEADLINE_MS
    provider.answerMs = this.#callDeadlineMs
    this.#stopReconnecting = keepConnected(provider)
    void provider.subscribe('state_runtimeVersion', 'state_subscribeRuntimeVersion', [], (_, version) =>
      this.#upgrade(specVersionIn(version)),
    )
  }

  /** As of the newest runtime; another one after an upgrade of it. */
  get api(): ApiPromise {
    return this.#running.api
  }

  /** Asks through @polkadot/api, within the deadline. */
  ask<T>(what: string, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
    return within({ what, deadlineMs: this.#callDeadlineMs, signal: options?.signal }, work)
  }

  /** Asks for a block hash; undefined where the node knows none. */
  async hash(method: string, params: readonly unknown[], options?: CallOptions): Promise<HexString | undefined> {
    const answer: unknown = await this.ask(`answer ${method}`, options, () => this.#provider.send(method, [...params]))
    if (answer === null) return undefined
    if (!isHex(answer, 256)) throw new ChainUnavailable(`the chain's node answered ${method} with no hash`)
    return answer
  }

  /** The header of `hash`; checks that it has this hash. */
  async header(hash: HexString, options?: CallOptions): Promise<Header> {
    const json: unknown = await this.ask('send a header', options, () => this.#provider.send('chain_getHeader', [hash]))
    const header = this.api.registry.createType<Header>('Header', json)
    if (header.hash.toHex() !== hash) throw new ChainUnavailable("the chain's node sent another block's header")
    return header
  }

  /** The header of the best block. */
  async best(options?: CallOptions): Promise<Header> {
    const json: unknown = await this.ask('send its head', options, () => this.#provider.send('chain_getHeader', []))
    return this.api.registry.createType<Header>('Header', json)
  }

  /** The nonce of an account's next transaction, those that wait for a block counted. */
  async nextIndex(address: string, options?: CallOptions): Promise<number> {
    const method = 'system_accountNextIndex'
    const index: unknown = await this.ask(`answer ${method}`, options, () => this.#provider.send(method, [address]))
    if (!Number.isSafeInteger(index) || Number(index) < 0)
      throw new ChainUnavailable(`the chain's node answered ${method} with no nonce`)
    return Number(index)
  }

  /** Calls back when the node says that something new is final; returns the unsubscribe function. */
  subscribeFinalized(callback: () => void, options?: CallOptions): Promise<() => void> {
    return this.ask('subscribe to finalised heads', options, () =>
      this.#subscribe(
        'chain_finalizedHead',
        'chain_subscribeFinalizedHeads',
        [],
        'chain_unsubscribeFinalizedHeads',
        callback,
      ),
    )
  }

  /** Submits a signed extrinsic and calls back with its statuses; returns what ends the watching. */
  watch(extrinsic: HexString, callback: (status: unknown) => void): Promise<() => void> {
    const submit = 'author_submitAndWatchExtrinsic'
    return this.#subscribe('author_extrinsicUpdate', submit, [extrinsic], 'author_unwatchExtrinsic', callback)
  }

  /** Calls back when the connection is lost; returns the unsubscribe function. */
  onLost(callback: () => void): () => void {
    return this.#provider.on('disconnected', callback)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopReconnecting()
    await this.api.disconnect()
  }

  /** One at a time, tried again until the api is of the newest. */
  async #upgrade(specVersion: number | undefined): Promise<void> {
    if (specVersion === undefined) return
    this.#newestSpec = specVersion
    if (this.#isUpgrading) return
    this.#isUpgrading = true
    const isOld = (): boolean => this.#newestSpec !== this.api.runtimeVersion.specVersion.toNumber()
    while (!this.#isClosed && isOld()) {
      const deadline = { what: 'show its new runtime', deadlineMs: CONNECT_DEADLINE_MS }
      const making = createApi(this.#provider, this.#newestSpec)
      const running = await within(deadline, () => making).catch(() => null)
      if (running === null) {
        making.then(
          late => late.release(),
          () => {},
        )
      } else {
        this.#running.release()
        this.#running = running
      }
      // A node may tell of it before it shows it.
      if (isOld()) await new Promise<void>(resolve => setTimeout(resolve, SUBSCRIBE_RETRY_MS).unref())
    }
    this.#isUpgrading = false
  }

  /** Straight from the provider: nothing of what comes has to be decoded. */
  async #subscribe(
    type: string,
    method: string,
    params: unknown[],
    unsubscribe: string,
    callback: (result: unknown) => void,
  ): Promise<() => void> {
    const id = await this.#provider.subscribe(type, method, params, (error, result) => {
      if (!error) callback(result)
    })
    return () => void this.#provider.unsubscribe(type, unsubscribe, id).catch(() => {})
  }
}

export function hashBytes(hash: HexString): Hash {
  return hexToU8a(hash)
}

function connected(provider: RpcSocket, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    provider.on('connected', () => resolve())
    provider.on('disconnected', () => reject(new ChainUnavailable(`no chain answers at ${url}`)))
    provider.connect().catch(reject)
  })
}

/** Reconnects with doubled waits. Returns what ends it. */
function keepConnected(provider: RpcSocket): () => void {
  let waitMs = RECONNECT_MIN_MS
  let timer: ReturnType<typeof setTimeout> | undefined
  let lasting: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const off = [
    // One that ends at once is as good as none.
    provider.on('connected', () => {
      lasting = setTimeout(() => {
        waitMs = RECONNECT_MIN_MS
      }, RECONNECT_MAX_MS).unref()
    }),
    provider.on('disconnected', () => {
      clearTimeout(lasting)
      if (stopped) return
      timer = setTimeout(() => void provider.connect().catch(() => {}), waitMs)
      waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS)
    }),
  ]
  return () => {
    stopped = true
    clearTimeout(timer)
    clearTimeout(lasting)
    for (const unsubscribe of off) unsubscribe()
  }
}
