/** The {@link Chain} over any Substrate node with the pallets assets, uniques, utility and system. */
import { stringToHex, u8aToHex } from '@polkadot/util'
import type { ContentId, Hash } from '../../../../protocols/wire/messages.ts'
import { anchorKey, decodeAnchorRemark, encodeAnchorRemark, encodeAnchorValue } from '../../anchor.ts'
import { itemId, verifyBondProof } from '../../bond.ts'
import { TransactionRefused } from '../../errors.ts'
import { recordKind } from '../../records.ts'
import type {
  Anchor,
  BlockRange,
  BlockReference,
  Bond,
  BondRequest,
  CallOptions,
  Chain,
  PostedAnchor,
  PostedRecord,
  RecordKind,
} from '../../types.ts'
import { type Connection, hashBytes } from './connection.ts'
import { FinalizedBlocks } from './finalized.ts'
import { atomic, call, type Transaction } from './pallets.ts'
import { BondReader } from './read-bonds.ts'
import { RemarkReader } from './read-remarks.ts'
import type { Transactions } from './transactions.ts'

export class SubstrateChain implements Chain {
  readonly genesis: Hash
  readonly #connection: Connection
  readonly #transactions: Transactions | undefined
  readonly #finalized: FinalizedBlocks
  readonly #bonds: BondReader
  readonly #remarks: RemarkReader
  /** The collection that holds this account's bond, by run. */
  readonly #collections = new Map<ContentId, number>()

  constructor(connection: Connection, asset: number, transactions: Transactions | undefined) {
    this.genesis = connection.genesis
    this.#connection = connection
    this.#transactions = transactions
    this.#finalized = new FinalizedBlocks(connection)
    this.#bonds = new BondReader(connection, asset)
    this.#remarks = new RemarkReader(connection, this.#finalized, this.#bonds)
  }

  finalizedHead(options?: CallOptions): Promise<BlockReference> {
    return this.#finalized.head(options)
  }

  onFinalized(callback: (head: BlockReference) => void): () => void {
    return this.#finalized.subscribe(callback)
  }

  blockHash(height: number, options?: CallOptions): Promise<Hash> {
    return this.#finalized.hashAt(height, options)
  }

  async bonds(run: ContentId, height: number, options?: CallOptions): Promise<readonly Bond[]> {
    return this.#bonds.bonds(run, await this.#finalized.hexAt(height, options), options)
  }

  async anchors(run: ContentId, range: BlockRange, options?: CallOptions): Promise<readonly PostedAnchor[]> {
    const posted = await this.#remarks.read(run, range, bytes => decodeAnchorRemark(bytes, run), options)
    return posted.map(({ content, peer, block }) => ({ ...content, peer, block }))
  }

  async records(run: ContentId, range: BlockRange, options?: CallOptions): Promise<readonly PostedRecord[]> {
    const take = (record: Uint8Array): { kind: RecordKind; record: Uint8Array } | undefined => {
      const kind = recordKind(record, run)
      return kind === null ? undefined : { kind, record }
    }
    const posted = await this.#remarks.read(run, range, take, options)
    return posted.map(({ content, peer, block }) => ({ ...content, peer, block }))
  }

  /** Rejects with {@link TransactionRefused} 'bond.BadProof' or 'bond.OtherPeer' before anything is sent. A bond that stands is left as it is. */
  async bond(request: BondRequest, options?: CallOptions): Promise<BlockReference> {
    const transactions = this.#writer()
    const account = transactions.address
    if (!(await verifyBondProof({ ...request, genesis: this.genesis, account }))) {
      throw new TransactionRefused('bond.BadProof', "the proof is not the peer's signature over this account")
    }
    return transactions.submit(each => this.#buildBond(request, account, each), options)
  }

  async anchor(run: ContentId, anchor: Anchor, options?: CallOptions): Promise<BlockReference> {
    const transactions = this.#writer()
    const remark = u8aToHex(encodeAnchorRemark(run, anchor))
    return transactions.submit(async each => {
      const { api } = this.#connection
      const collection = await this.#collectionOf(run, transactions.address, each)
      const key = stringToHex(anchorKey(anchor.stage))
      return atomic(api, [
        call(api, 'system.remarkWithEvent', remark),
        call(api, 'uniques.setAttribute', collection, itemId(run), key, u8aToHex(encodeAnchorValue(anchor))),
      ])
    }, options)
  }

  /** Throws a RangeError for what no reader would take as a record of `run`. */
  async postRecord(run: ContentId, record: Uint8Array, options?: CallOptions): Promise<BlockReference> {
    if (recordKind(record, run) === null) throw new RangeError('not a record of this run')
    const transactions = this.#writer()
    return transactions.submit(async each => {
      // Without a bond nobody would read it.
      await this.#collectionOf(run, transactions.address, each)
      return call(this.#connection.api, 'system.remarkWithEvent', u8aToHex(record))
    }, options)
  }

  async close(): Promise<void> {
    this.#finalized.close()
    await this.#connection.close()
  }

  async #buildBond(request: BondRequest, account: string, options: CallOptions): Promise<Transaction | BlockReference> {
    const { api } = this.#connection
    const places = await this.#connection.ask('read bonds', options, () => this.#bonds.own(account, request.run))
    const mine = places.find(place => place.owner === account)
    const bonded = mine?.item
    if (bonded?.peer !== undefined) {
      if (bonded.peer !== request.peer) {
        throw new TransactionRefused('bond.OtherPeer', `this account already binds ${bonded.peer} for the run`)
      }
      const header = await this.#connection.best(options)
      return { height: header.number.toNumber(), hash: hashBytes(header.hash.toHex()) }
    }
    const place = mine ?? places.find(({ owner }) => owner === undefined)
    if (place === undefined)
      throw new TransactionRefused('bond.NoCollection', 'every collection id of the account is taken')
    const { collection } = place
    const item = itemId(request.run)
    const attributes = {
      peer: stringToHex(request.peer),
      run: stringToHex(request.run),
      proof: u8aToHex(request.proof),
    }
    return atomic(api, [
      ...(place.owner === undefined ? [call(api, 'uniques.create', collection, account)] : []),
      ...(bonded === undefined ? [call(api, 'uniques.mint', collection, item, account)] : []),
      ...Object.entries(attributes).map(([key, value]) =>
        call(api, 'uniques.setAttribute', collection, item, stringToHex(key), value),
      ),
    ])
  }

  async #collectionOf(run: ContentId, account: string, options: CallOptions): Promise<number> {
    const known = this.#collections.get(run)
    if (known !== undefined) return known
    const places = await this.#connection.ask('read bonds', options, () => this.#bonds.own(account, run))
    const mine = places.find(({ owner, item }) => owner === account && item?.run === run)
    if (mine === undefined) throw new TransactionRefused('bond.None', 'the account has no bond for this run')
    this.#collections.set(run, mine.collection)
    return mine.collection
  }

  #writer(): Transactions {
    if (this.#transactions === undefined) {
      throw new TransactionRefused('account.None', 'the chain was connected without an account: it can only be read')
    }
    return this.#transactions
  }
}
