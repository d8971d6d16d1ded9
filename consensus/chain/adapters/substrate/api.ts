/** @polkadot/api over a connection, and what of the chain's runtime it must show. */
import { ApiPromise } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { rpcDefinitions } from '@polkadot/types'
import { isHex } from '@polkadot/util'
import { KEY_LIMIT_BYTES, VALUE_LIMIT_BYTES } from '../../constants.ts'
import { ChainUnavailable, ChainUnsupported } from '../../errors.ts'
import type { Provider, RpcSocket } from './rpc-socket.ts'

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

export interface RunningApi {
  readonly api: ApiPromise
  /** It hears of the connection no more: another one has taken its place. */
  readonly release: () => void
}

/**
 * The metadata are fetched here and handed over: left to itself @polkadot/api warns on the console about older runtimes.
 * @param wanted - the version that the runtime must have
 */
export async function createApi(socket: RpcSocket, wanted?: number): Promise<RunningApi> {
  const [genesis, version] = await Promise.all([
    socket.send<unknown>('chain_getBlockHash', [0]),
    socket.send<unknown>('state_getRuntimeVersion', []),
  ])
  const specVersion = specVersionIn(version)
  if (wanted !== undefined && specVersion !== wanted)
    throw new ChainUnavailable(`the chain's node does not show runtime ${wanted} yet`)
  const metadata = await socket.send<unknown>('state_getMetadata', [])
  if (!isHex(genesis, 256) || !isHex(metadata) || specVersion === undefined) {
    throw new ChainUnavailable('what answers is not a Substrate node')
  }
  const view = new ApiView(socket)
  const api = new ApiPromise({
    provider: view,
    noInitWarn: true,
    throwOnConnect: true,
    metadata: { [`${genesis}-${specVersion}`]: metadata },
    rpc: silentMethods(),
  })
  // The api warns on the console where there are none. With them it watches for upgrades by itself, and ends the process where the
  // node answers that with nonsense: the connection watches in its place.
  view.hasSubscriptions = false
  try {
    await Promise.race([api.isReadyOrError, view.failed])
  } catch (error) {
    view.release()
    throw error
  }
  view.isStarting = false
  return { api, release: () => view.release() }
}

/**
 * The connection as one api sees it: several may come after each other. A failure of its start is told to who began that, and not to the
 * api, which would write it to the console.
 */
class ApiView implements Provider {
  readonly isClonable = false
  /** Whether the api may subscribe by itself. */
  hasSubscriptions = true
  isStarting = true
  readonly #socket: RpcSocket
  readonly #off: (() => void)[] = []
  readonly #failed = Promise.withResolvers<never>()

  constructor(socket: RpcSocket) {
    this.#socket = socket
    this.failed.catch(() => {})
  }

  /** Rejects with the first failure of its start. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  get isConnected(): boolean {
    return this.#socket.isConnected
  }

  clone(): never {
    throw new Error('one connection is all there is')
  }

  connect(): Promise<void> {
    return this.#socket.connect()
  }

  disconnect(): Promise<void> {
    return this.#socket.disconnect()
  }

  on(...listener: Parameters<Provider['on']>): () => void {
    const off = this.#socket.on(...listener)
    this.#off.push(off)
    return off
  }

  async send<T>(method: string, params: unknown[]): Promise<T> {
    try {
      return await this.#socket.send<T>(method, params)
    } catch (error) {
      if (!this.isStarting) throw error
      this.#failed.reject(error)
      return new Promise<never>(() => {})
    }
  }

  subscribe(...question: Parameters<Provider['subscribe']>): Promise<number | string> {
    return this.#socket.subscribe(...question)
  }

  unsubscribe(...question: Parameters<Provider['unsubscribe']>): Promise<boolean> {
    return this.#socket.unsubscribe(...question)
  }

  release(): void {
    for (const off of this.#off.splice(0)) off()
  }
}

/** Of a runtime's version as a node tells it; undefined where it is none. */
export function specVersionIn(version: unknown): number | undefined {
  const found =
    typeof version === 'object' && version !== null && 'specVersion' in version ? version.specVersion : undefined
  return typeof found === 'number' ? found : undefined
}

/** Every method as @polkadot/api knows it, but that a failure is told to who asked only, and not to the console too. */
function silentMethods(): NonNullable<ApiOptions['rpc']> {
  const sections = Object.entries(rpcDefinitions).map(([section, methods]) => {
    const silent = Object.entries(methods).map(([name, method]) => [name, { ...method, noErrorLog: true }])
    return [section, Object.fromEntries(silent)]
  })
  return Object.fromEntries(sections)
}

/** @throws ChainUnsupported where the runtime lacks what the adapter needs */
export function checkChain(api: ApiPromise): void {
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
