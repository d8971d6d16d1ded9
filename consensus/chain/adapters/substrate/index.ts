/**
 * Substrate adapter. Loaded by dynamic import, so that nobody pays for @polkadot/api who does not use it:
 *
 * @example
 * const { connectSubstrate } = await import('./consensus/chain/adapters/substrate/index.ts')
 * const chain = await connectSubstrate({ url: 'ws://127.0.0.1:9944', account: '//Alice', asset: 1 })
 */
import { Keyring } from '@polkadot/keyring'
import type { KeyringPair } from '@polkadot/keyring/types'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import type { Chain } from '../../types.ts'
import { SubstrateChain } from './chain.ts'
import { Connection, type ConnectOptions } from './connection.ts'
import { Transactions } from './transactions.ts'

export interface SubstrateInit extends ConnectOptions {
  /** `ws://` or `wss://` of any node of the chain. */
  readonly url: string
  /** Secret URI (`//Alice`, mnemonic, 0x seed) of an sr25519 account or its key pair; null only reads. */
  readonly account: string | KeyringPair | null
  /** Id of the stake asset in pallet-assets. */
  readonly asset: number
}

/** Rejects with `ChainUnavailable` where no node answers, `ChainUnsupported` where its chain lacks something. */
export async function connectSubstrate(init: SubstrateInit): Promise<Chain> {
  const account = typeof init.account === 'string' ? await accountFromUri(init.account) : init.account
  const connection = await Connection.open(init.url, init)
  const transactions = account === null ? undefined : new Transactions(connection, account)
  return new SubstrateChain(connection, init.asset, transactions)
}

/** The sr25519 key pair of a secret URI; its `address` has the general prefix 42. Throws a RangeError for a malformed one. */
export async function accountFromUri(uri: string): Promise<KeyringPair> {
  await cryptoWaitReady()
  try {
    return new Keyring({ type: 'sr25519', ss58Format: 42 }).addFromUri(uri)
  } catch {
    // The message of the cause could hold the secret.
    throw new RangeError('not a secret URI: give a mnemonic, a 0x seed or a path like //Alice')
  }
}
