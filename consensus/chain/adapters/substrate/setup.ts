/**
 * What `up` does once on a chain of its own: the stake asset, its freezing multisig, frozen stakes and the bonds of all
 * local peers, in as few blocks as possible. On a shared chain others do this (README.md, "What is still central").
 */
import type { KeyringPair } from '@polkadot/keyring/types'
import { createKeyMulti, encodeAddress, sortAddresses } from '@polkadot/util-crypto'
import type { BlockReference, BondRequest, CallOptions } from '../../types.ts'
import { SubstrateChain } from './chain.ts'
import { Connection, type ConnectOptions } from './connection.ts'
import { accountFromUri } from './index.ts'
import { atomic, call, field, read, SS58_PREFIX, type Transaction } from './pallets.ts'
import { Transactions } from './transactions.ts'

const THRESHOLD = 2
/** Plancks for the multisig: it becomes the asset's owner and must hold the deposit. */
const MULTISIG_BALANCE = 10n ** 14n
/** A bound, not a price: freezing 64 accounts takes less. */
const MAX_WEIGHT = 10_000_000_000
const MAX_PROOF_BYTES = 1_000_000
/** Runtimes before 2022-12 take the call as opaque bytes and whether to store it: one argument more. */
const OLD_ARGUMENTS = 6

export interface LocalStake {
  /** SS58. */
  readonly account: string
  readonly stake: bigint
}

export interface LocalBond extends BondRequest {
  /** Secret URI of the owner. */
  readonly account: string
}

export interface LocalSetupInit extends ConnectOptions {
  readonly url: string
  /** Secret URIs of the three accounts of the multisig, funded at genesis. */
  readonly freezers: readonly [string, string, string]
  readonly asset: number
}

export async function connectLocalSetup(init: LocalSetupInit): Promise<LocalSetup> {
  const freezers = await Promise.all(init.freezers.map(accountFromUri))
  return new LocalSetup(await Connection.open(init.url, init), freezers, init.asset)
}

export class LocalSetup {
  readonly genesis: Uint8Array
  /** SS58 address of the 2-of-3 multisig. */
  readonly multisig: string
  readonly #connection: Connection
  readonly #freezers: readonly KeyringPair[]
  readonly #asset: number

  constructor(connection: Connection, freezers: readonly KeyringPair[], asset: number) {
    this.genesis = connection.genesis
    this.#connection = connection
    this.#freezers = freezers
    this.#asset = asset
    this.multisig = encodeAddress(
      createKeyMulti(
        freezers.map(({ address }) => address),
        THRESHOLD,
      ),
      SS58_PREFIX,
    )
  }

  /**
   * Creates the asset, mints the stakes, hands the asset to the multisig and approves that it freezes them: one block. Called
   * again with the same stakes it does what is left to do. Rejects with `TransactionRefused` or `ChainUnavailable`.
   */
  async prepare(stakes: readonly LocalStake[], options?: CallOptions): Promise<void> {
    const { api } = this.#connection
    const [first] = this.#signatories()
    const id = this.#asset
    const freeze = this.#freezing(stakes)
    const setup = [
      call(api, 'balances.transferKeepAlive', this.multisig, MULTISIG_BALANCE),
      call(api, 'assets.create', id, first.address, 1),
      call(api, 'assets.setMetadata', id, 'Swarm stake', 'STAKE', 0),
      ...stakes.map(({ account, stake }) => call(api, 'assets.mint', id, account, stake)),
      call(api, 'assets.setTeam', id, this.multisig, this.multisig, this.multisig),
      call(api, 'assets.transferOwnership', id, this.multisig),
      call(api, 'multisig.approveAsMulti', THRESHOLD, this.#others(first), null, freeze.method.hash, this.#weight()),
    ]
    if ((await this.#ask('read the stake asset', 'assets.asset', [id], options)) !== null) return
    await this.#send(first, atomic(api, setup), options)
  }

  /** The second signature, with which the multisig freezes the prepared stakes: one block. Called again it does nothing. */
  async freeze(stakes: readonly LocalStake[], options?: CallOptions): Promise<void> {
    const [, second] = this.#signatories()
    const freeze = this.#freezing(stakes)
    const key = [this.multisig, freeze.method.hash]
    const approval = await this.#ask('read the approval', 'multisig.multisigs', key, options)
    // No approval is pending: the stakes were frozen before.
    if (approval === null) return
    await this.#send(second, this.#asMulti(second, field(approval, 'when'), freeze), options)
  }

  /** Height of the best block. */
  async head(options?: CallOptions): Promise<number> {
    return (await this.#connection.best(options)).number.toNumber()
  }

  /** Posts all bonds, each as its own account; they share a block as long as it has room. Returns their blocks, in order. */
  async postBonds(bonds: readonly LocalBond[], options?: CallOptions): Promise<BlockReference[]> {
    return Promise.all(
      bonds.map(async bond => {
        const transactions = new Transactions(this.#connection, await accountFromUri(bond.account))
        return new SubstrateChain(this.#connection, this.#asset, transactions).bond(bond, options)
      }),
    )
  }

  /** Seals `count` blocks at once on an embedded chain. */
  async seal(count: number, options?: CallOptions): Promise<void> {
    await this.#connection.hash('dev_newBlock', [{ count }], options)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #signatories(): [KeyringPair, KeyringPair] {
    const [first, second] = this.#freezers
    if (first === undefined || second === undefined) throw new RangeError('three freezers are needed')
    return [first, second]
  }

  #freezing(stakes: readonly LocalStake[]): Transaction {
    const { api } = this.#connection
    return atomic(
      api,
      stakes.map(({ account }) => call(api, 'assets.freeze', this.#asset, account)),
    )
  }

  #ask(what: string, path: string, key: readonly unknown[], options: CallOptions | undefined): Promise<unknown> {
    return this.#connection.ask(what, options, async () => (await read(this.#connection.api, path, [key]))[0])
  }

  #send(account: KeyringPair, transaction: Transaction, options: CallOptions | undefined): Promise<BlockReference> {
    return new Transactions(this.#connection, account).submit(async () => transaction, options)
  }

  #others(signatory: KeyringPair): string[] {
    return sortAddresses(
      this.#freezers.filter(each => each !== signatory).map(({ address }) => address),
      SS58_PREFIX,
    )
  }

  /** Weight is one number in older runtimes, two in later ones. */
  #weight(): number | { refTime: number; proofSize: number } {
    return this.#asMultiArguments() === OLD_ARGUMENTS ? MAX_WEIGHT : { refTime: MAX_WEIGHT, proofSize: MAX_PROOF_BYTES }
  }

  #asMulti(signatory: KeyringPair, when: unknown, inner: Transaction): Transaction {
    const rest =
      this.#asMultiArguments() === OLD_ARGUMENTS
        ? [inner.method.toHex(), false, this.#weight()]
        : [inner, this.#weight()]
    return call(this.#connection.api, 'multisig.asMulti', THRESHOLD, this.#others(signatory), when, ...rest)
  }

  #asMultiArguments(): number {
    return this.#connection.api.tx['multisig']?.['asMulti']?.meta.args.length ?? 0
  }
}
