/** One WebSocket to a Substrate node: connects, checks what the chain can do, connects again by itself after a loss. */
import { ApiPromise, type WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { rpcDefinitions } from '@polkadot/types'
import type { Header } from '@polkadot/types/interfaces'
import { hexToU8a, isHex } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import type { Hash } from '../../../../protocols/wire/messages.ts'
import { KEY_LIMIT_BYTES, VALUE_LIMIT_BYTES } from '../../constants.ts'
import { ChainUnavailable, ChainUnsupported } from '../../errors.ts'
import type { CallOptions } from '../../types.ts'
import { CALL_DEADLINE_MS, CONNECT_DEADLINE_MS, RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './constants.ts'
import { within } from './deadline.ts'
import { AskingProvider } from './provider.ts'

/** Calls that the adapter makes. */
const CALLS = [
  'assets.freeze',
  'system.remarkWithEvent',
  'uniques.create',
  'uniques.mint',
  'uniques.setAttribute',
  'utility.batchAll',
]
/** Storage that it reads. */
const STORAGE = ['assets.account', 'system.events', 'uniques.asset', 'uniques.attribute', 'uniques.class']

export interface ConnectOptions extends CallOptions {
  /** ms for each question after connecting, {@link CALL_DEADLINE_MS} unless told. */
  readonly callDeadlineMs?: number
  /** ms for connecting, {@link CONNECT_DEADLINE_MS} unless told. */
  readonly connectDeadlineMs?: number
}

export class Connection {
  readonly api: ApiPromise
  readonly genesis: Hash
  readonly #provider: AskingProvider
  readonly #callDeadlineMs: number
  readonly #stopReconnecting: () => void

  /** Rejects with {@link ChainUnavailable} or {@link ChainUnsupported}. */
  static async open(url: string, options: ConnectOptions = {}): Promise<Connection> {
    const deadlineMs = options.connectDeadlineMs ?? CONNECT_DEADLINE_MS
    const provider = new AskingProvider(url, false, {}, options.callDeadlineMs ?? CALL_DEADLINE_MS)
    try {
      return await within({ what: `answer at ${url}`, deadlineMs, signal: options.signal }, async () => {
        await connected(provider, url)
        const api = await createApi(provider)
        checkChain(api)
        return new Connection(provider, api, options)
      })
    } catch (error) {
      await provider.abandon()
      throw error
    }
  }

  private constructor(provider: AskingProvider, api: ApiPromise, options: ConnectOptions) {
    provider.isMade = true
    this.#provider = provider
    this.api = api
    this.genesis = api.genesisHash.toU8a()
    this.#callDeadlineMs = options.callDeadlineMs ?? CALL_DEADLINE_MS
    this.#stopReconnecting = keepConnected(provider)
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
    this.#stopReconnecting()
    await this.api.disconnect()
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

function connected(provider: WsProvider, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    provider.on('connected', () => resolve())
    provider.on('disconnected', () => reject(new ChainUnavailable(`no chain answers at ${url}`)))
    provider.connect().catch(reject)
  })
}

/** The metadata are fetched here and handed over: left to itself @polkadot/api warns on the console about older runtimes. */
async function createApi(provider: WsProvider): Promise<ApiPromise> {
  const [genesis, version, metadata] = await Promise.all([
    provider.send<unknown>('chain_getBlockHash', [0]),
    provider.send<unknown>('state_getRuntimeVersion', []),
    provider.send<unknown>('state_getMetadata', []),
  ])
  const specVersion =
    typeof version === 'object' && version !== null && 'specVersion' in version ? version.specVersion : undefined
  if (!isHex(genesis, 256) || !isHex(metadata) || typeof specVersion !== 'number') {
    throw new ChainUnavailable('what answers is not a Substrate node')
  }
  return ApiPromise.create({
    // Only the optionality of `ttl` differs.
    provider: provider as NonNullable<ApiOptions['provider']>,
    noInitWarn: true,
    throwOnConnect: true,
    metadata: { [`${genesis}-${specVersion}`]: metadata },
    rpc: silentMethods(),
  })
}

/** Every method as @polkadot/api knows it, but that a failure is told to who asked only, and not to the console too. */
function silentMethods(): NonNullable<ApiOptions['rpc']> {
  const sections = Object.entries(rpcDefinitions).map(([section, methods]) => {
    const silent = Object.entries(methods).map(([name, method]) => [name, { ...method, noErrorLog: true }])
    return [section, Object.fromEntries(silent)]
  })
  return Object.fromEntries(sections)
}

function checkChain(api: ApiPromise): void {
  const has = (tree: Readonly<Record<string, object>>, path: string): boolean => {
    const [pallet = '', name = ''] = path.split('.')
    return name in (tree[pallet] ?? {})
  }
  const missing = [...CALLS.filter(path => !has(api.tx, path)), ...STORAGE.filter(path => !has(api.query, path))]
  if (missing.length > 0) throw new ChainUnsupported(missing)
  const limits = { keyLimit: KEY_LIMIT_BYTES, valueLimit: VALUE_LIMIT_BYTES }
  for (const [name, bytes] of Object.entries(limits)) {
    const limit = Number(api.consts['uniques']?.[name]?.toString())
    if (!(limit >= bytes)) missing.push(`a uniques.${name} of ${bytes}`)
  }
  if (missing.length > 0) throw new ChainUnsupported(missing)
}

/** Reconnects with doubled waits; the provider's own reconnection writes to the console. Returns what ends it. */
function keepConnected(provider: WsProvider): () => void {
  let waitMs = RECONNECT_MIN_MS
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false
  const off = [
    provider.on('connected', () => {
      waitMs = RECONNECT_MIN_MS
    }),
    provider.on('disconnected', () => {
      if (stopped) return
      timer = setTimeout(() => void provider.connect().catch(() => {}), waitMs)
      waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS)
    }),
  ]
  return () => {
    stopped = true
    clearTimeout(timer)
    for (const unsubscribe of off) unsubscribe()
  }
}
