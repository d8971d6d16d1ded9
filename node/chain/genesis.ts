/**
 * The first state of an embedded chain: the real Asset Hub runtime of @substrate/connect-known-chains with accounts of our
 * own funded.
 */
import { calculateStateRoot } from '@acala-network/chopsticks-core'
import { TypeRegistry } from '@polkadot/types'
import type { Header } from '@polkadot/types/interfaces'
import { bnToU8a, hexToU8a, u8aConcat, u8aToBigInt, u8aToHex } from '@polkadot/util'
import { blake2AsU8a, xxhashAsU8a } from '@polkadot/util-crypto'
import { chainSpec } from '@substrate/connect-known-chains/rococo_v2_2_asset_hub'
import type { Genesis } from './accounts.ts'

/** Storage of block 0: hex key to hex value. */
export type GenesisStorage = Readonly<Record<string, string>>

const SALT_KEY = u8aToHex(new TextEncoder().encode(':swarm-node:salt'))
const TOTAL_ISSUANCE_KEY = u8aToHex(storagePrefix('Balances', 'TotalIssuance'))
/** Root of the trie without extrinsics. */
const NO_EXTRINSICS_ROOT = '0x03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314'

/** Storage of block 0, keys sorted. */
export function genesisStorage(genesis: Genesis): GenesisStorage {
  const top: Record<string, string> = JSON.parse(chainSpec).genesis.raw.top
  const issuedBefore = u8aToBigInt(hexToU8a(top[TOTAL_ISSUANCE_KEY] ?? '0x'))
  let issued = issuedBefore
  for (const [key, free] of Object.entries(genesis.accounts)) {
    top[accountStorageKey(hexToU8a(`0x${key}`))] = u8aToHex(accountInfo(BigInt(free)))
    issued += BigInt(free)
  }
  top[TOTAL_ISSUANCE_KEY] = u8aToHex(bnToU8a(issued, { bitLength: 128 }))
  top[SALT_KEY] = `0x${genesis.salt}`
  return Object.fromEntries(Object.entries(top).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Header of block 0; its hash is the chain's genesis hash. */
export async function genesisHeader(storage: GenesisStorage): Promise<Header> {
  const entries = Object.entries(storage).map(([key, value]): [`0x${string}`, `0x${string}`] => [hex(key), hex(value)])
  return new TypeRegistry().createType('Header', {
    parentHash: new Uint8Array(32),
    number: 0,
    stateRoot: await calculateStateRoot(entries, 1),
    extrinsicsRoot: NO_EXTRINSICS_ROOT,
    digest: { logs: [] },
  })
}

function hex(text: string): `0x${string}` {
  return `0x${text.slice(2)}`
}

function storagePrefix(pallet: string, item: string): Uint8Array {
  return u8aConcat(xxhashAsU8a(pallet, 128), xxhashAsU8a(item, 128))
}

function accountStorageKey(publicKey: Uint8Array): string {
  return u8aToHex(u8aConcat(storagePrefix('System', 'Account'), blake2AsU8a(publicKey, 128), publicKey))
}

/** SCALE of frame_system's AccountInfo: nonce 0, consumers 0, providers 1, sufficients 0, then the free balance and three other balances of 0. */
function accountInfo(free: bigint): Uint8Array {
  const counters = [0, 0, 1, 0].map(count => bnToU8a(count, { bitLength: 32 }))
  return u8aConcat(...counters, bnToU8a(free, { bitLength: 128 }), new Uint8Array(48))
}
