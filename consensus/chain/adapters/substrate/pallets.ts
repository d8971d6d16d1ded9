/** Calls and storage by name: what a chain's runtime offers is known only at run time. */
import type { ApiPromise } from '@polkadot/api'
import type { ApiDecoration, QueryableStorageEntry, SubmittableExtrinsic } from '@polkadot/api/types'
import type { Codec } from '@polkadot/types/types'
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto'
import { ChainUnsupported } from '../../errors.ts'

export type Transaction = SubmittableExtrinsic<'promise'>
/** The state after some block. */
export type State = Pick<ApiDecoration<'promise'>, 'query'>

/** Substrate's general prefix: addresses are told in this form, whatever the chain's own one. */
export const SS58_PREFIX = 42

/** Makes the call `pallet.name`. Throws {@link ChainUnsupported} where the runtime has none. */
export function call(api: ApiPromise, path: string, ...args: readonly unknown[]): Transaction {
  const [pallet = '', name = ''] = path.split('.')
  const make = api.tx[pallet]?.[name]
  if (make === undefined) throw new ChainUnsupported([path])
  return make(...args)
}

/** Executes all of the calls or none. */
export function atomic(api: ApiPromise, calls: readonly Transaction[]): Transaction {
  return call(api, 'utility.batchAll', calls)
}

export function storage(state: State, path: string): QueryableStorageEntry<'promise'> {
  const [pallet = '', name = ''] = path.split('.')
  const entry = state.query[pallet]?.[name]
  if (entry === undefined) throw new ChainUnsupported([path])
  return entry
}

/** Many entries of one storage map as plain JSON values, null where there is none. */
export async function read(state: State, path: string, keys: readonly (readonly unknown[])[]): Promise<unknown[]> {
  if (keys.length === 0) return []
  const values = await storage(state, path).multi<Codec>(keys.map(key => [...key]))
  return values.map(value => value.toJSON())
}

/** A field of a JSON value, or undefined. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** Any SS58 address in the general form. */
export function generalAddress(address: string): string {
  return encodeAddress(decodeAddress(address), SS58_PREFIX)
}
