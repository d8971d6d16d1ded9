/** Reads the uniques items that may be bonds, in the state after one block. */
import { hexToU8a, isHex, stringToHex, u8aToString } from '@polkadot/util'
import type { HexString } from '@polkadot/util/types'
import type { ContentId } from '../../../../protocols/wire/messages.ts'
import { collectionId, itemId } from '../../bond.ts'
import { COLLECTION_TRIES } from '../../constants.ts'
import { ChainUnavailable } from '../../errors.ts'
import { type BondItem, selectBonds } from '../../select-bonds.ts'
import type { Bond, CallOptions } from '../../types.ts'
import type { Connection } from './connection.ts'
import { KEYS_A_PAGE, MAX_BOND_CANDIDATES, MAX_KEY_PAGES } from './constants.ts'
import { field, generalAddress, read, type State, storage } from './pallets.ts'

export class BondReader {
  readonly #connection: Connection
  readonly #asset: number

  constructor(connection: Connection, asset: number) {
    this.#connection = connection
    this.#asset = asset
  }

  /** All valid bonds of `run` in the state after block `hash`. */
  bonds(run: ContentId, hash: HexString, options?: CallOptions): Promise<Bond[]> {
    return this.#connection.ask('list bonds', options, async () => {
      const state = await this.#connection.api.at(hash)
      const collections = await findCollections(state, run)
      return selectBonds(this.#connection.genesis, run, await this.#read(state, run, collections))
    })
  }

  /** The valid bonds of `run` that these accounts own. */
  bondsOf(accounts: readonly string[], run: ContentId, hash: HexString, options?: CallOptions): Promise<Bond[]> {
    return this.#connection.ask('read bonds', options, async () => {
      const state = await this.#connection.api.at(hash)
      const items = await this.#read(
        state,
        run,
        accounts.flatMap(account => collectionsOf(account, run)),
      )
      return selectBonds(this.#connection.genesis, run, items)
    })
  }

  /** What an account has in its possible collections for `run`, in the best block: who owns each, and its item if any. */
  async own(
    account: string,
    run: ContentId,
  ): Promise<{ collection: number; owner: string | undefined; item: BondItem | undefined }[]> {
    const state = await this.#connection.api.at((await this.#connection.best()).hash)
    const collections = collectionsOf(account, run)
    const owners = await read(
      state,
      'uniques.class',
      collections.map(collection => [collection]),
    )
    const items = await this.#read(state, run, collections)
    return collections.map((collection, index) => ({
      collection,
      owner: addressIn(owners[index], 'owner'),
      item: items.find(item => item.collection === collection),
    }))
  }

  /** The item of `run` in each of the collections, where there is one. */
  async #read(state: State, run: ContentId, collections: readonly number[]): Promise<BondItem[]> {
    const item = itemId(run)
    const attribute = (name: string): Promise<unknown[]> =>
      read(
        state,
        'uniques.attribute',
        collections.map(collection => [collection, item, stringToHex(name)]),
      )
    const [assets, classes, peers, runs, proofs] = await Promise.all([
      read(
        state,
        'uniques.asset',
        collections.map(collection => [collection, item]),
      ),
      read(
        state,
        'uniques.class',
        collections.map(collection => [collection]),
      ),
      attribute('peer'),
      attribute('run'),
      attribute('proof'),
    ])
    const owners = assets.map(asset => addressIn(asset, 'owner'))
    const held = collections.flatMap((_, index) => owners[index] ?? [])
    const stakes = await read(
      state,
      'assets.account',
      held.map(owner => [this.#asset, owner]),
    )
    const stakeOf = new Map(held.map((owner, index) => [owner, frozenBalance(stakes[index])]))
    return collections.flatMap((collection, index) => {
      const owner = owners[index]
      const collectionOwner = addressIn(classes[index], 'owner')
      if (owner === undefined || collectionOwner === undefined) return []
      return {
        collection,
        owner,
        collectionOwner,
        peer: textOf(peers[index]),
        run: textOf(runs[index]),
        proof: bytesOf(proofs[index]),
        stake: stakeOf.get(owner) ?? 0n,
      }
    })
  }
}

/** Collections with an item of the run's id: the keys alone tell, so strangers' items are passed over without being read. */
async function findCollections(state: State, run: ContentId): Promise<number[]> {
  const item = itemId(run)
  const entry = storage(state, 'uniques.asset')
  const found: number[] = []
  let startKey: string | undefined
  for (let page = 0; page < MAX_KEY_PAGES; page++) {
    const keys = await entry.keysPaged({
      args: [],
      pageSize: KEYS_A_PAGE,
      ...(startKey === undefined ? {} : { startKey }),
    })
    for (const { args } of keys) if (Number(args[1]?.toString()) === item) found.push(Number(args[0]?.toString()))
    if (found.length > MAX_BOND_CANDIDATES)
      throw new ChainUnavailable(`more than ${MAX_BOND_CANDIDATES} items claim to be bonds of the run`)
    if (keys.length < KEYS_A_PAGE) return found
    startKey = keys.at(-1)!.toHex()
  }
  throw new ChainUnavailable(`the chain has more than ${MAX_KEY_PAGES * KEYS_A_PAGE} uniques items`)
}

function collectionsOf(account: string, run: ContentId): number[] {
  return Array.from({ length: COLLECTION_TRIES }, (_, attempt) => collectionId(account, run, attempt))
}

function addressIn(value: unknown, name: string): string | undefined {
  const address = field(value, name)
  return typeof address === 'string' ? generalAddress(address) : undefined
}

/** An attribute is [value, deposit]; its value is hex, as are all byte strings in polkadot's JSON. */
function bytesOf(attribute: unknown): Uint8Array | undefined {
  const value = Array.isArray(attribute) ? attribute[0] : undefined
  return isHex(value) ? hexToU8a(value) : undefined
}

function textOf(attribute: unknown): string | undefined {
  const bytes = bytesOf(attribute)
  return bytes === undefined ? undefined : u8aToString(bytes)
}

/** Runtimes before polkadot v1.0 say `isFrozen`, later ones `status: 'Frozen'`. */
function frozenBalance(account: unknown): bigint {
  const frozen = field(account, 'isFrozen') === true || field(account, 'status') === 'Frozen'
  const balance = field(account, 'balance')
  const known = typeof balance === 'number' || typeof balance === 'string'
  return frozen && known ? BigInt(balance) : 0n
}
