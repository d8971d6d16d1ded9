/** @polkadot/api over a connection, and what of the chain's runtime it must show. */
import { ApiPromise } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { rpcDefinitions } from '@polkadot/types'
import { isHex } from '@polkadot/util'
import { KEY_LIMIT_BYTES, VALUE_LIMIT_BYTES } from '../../constants.ts'
import { ChainUnavailable, ChainUnsupported } from '../../errors.ts'
import type { RpcSocket } from './rpc-socket.ts'

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

/** The metadata are fetched here and handed over: left to itself @polkadot/api warns on the console about older runtimes. */
export async function createApi(provider: RpcSocket): Promise<ApiPromise> {
  const [genesis, version, metadata] = await Promise.all([
    provider.send<unknown>('chain_getBlockHash', [0]),
    provider.send<unknown>('state_getRuntimeVersion', []),
    provider.send<unknown>('state_getMetadata', []),
  ])
  const specVersion = specVersionIn(version)
  if (!isHex(genesis, 256) || !isHex(metadata) || specVersion === undefined) {
    throw new ChainUnavailable('what answers is not a Substrate node')
  }
  // The api warns on the console where there are none. With them it watches for upgrades by itself, and ends the process where the
  // node answers that with nonsense: the connection watches in its place.
  provider.hasSubscriptions = true
  const api = new ApiPromise({
    provider,
    noInitWarn: true,
    throwOnConnect: true,
    metadata: { [`${genesis}-${specVersion}`]: metadata },
    rpc: silentMethods(),
  })
  provider.hasSubscriptions = false
  return api.isReadyOrError
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
