import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { stringToHex, u8aToHex } from '@polkadot/util'
import { expect } from 'chai'
import { Connection } from '../../../consensus/chain/adapters/substrate/connection.ts'
import { accountFromUri, connectSubstrate } from '../../../consensus/chain/adapters/substrate/index.ts'
import { atomic, call } from '../../../consensus/chain/adapters/substrate/pallets.ts'
import { connectLocalSetup, type LocalBond } from '../../../consensus/chain/adapters/substrate/setup.ts'
import { Transactions } from '../../../consensus/chain/adapters/substrate/transactions.ts'
import { encodeAnchorRemark } from '../../../consensus/chain/anchor.ts'
import { collectionId, itemId, signBondProof } from '../../../consensus/chain/bond.ts'
import { RECORD_LIMIT_BYTES } from '../../../consensus/chain/constants.ts'
import { TransactionRefused } from '../../../consensus/chain/errors.ts'
import { recordPrefix } from '../../../consensus/chain/records.ts'
import type { Bond, Chain } from '../../../consensus/chain/types.ts'
import { decodeSpeeds, encodeSpeeds } from '../../../consensus/routing/index.ts'
import { type ChainProcess, chainFolder, startChain } from './chain-process.ts'

const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const ASSET = 77
const FREEZERS = ['//freezer/0', '//freezer/1', '//freezer/2'] as const
const PEERS = Array.from({ length: 8 }, (_, index) => `//peer/${index}`)
/** Funded, bonds later, its stake is never frozen. */
const UNFROZEN = '//unfrozen'
const POOR = '//poor'
const link = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

describe('the substrate adapter on a real embedded chain', function () {
  this.timeout(60_000)
  let folder: ReturnType<typeof chainFolder>
  let node: ChainProcess
  let url: string
  let bonds: LocalBond[]
  let chain: Chain
  const connect = (account: string | null, options = {}): Promise<Chain> =>
    connectSubstrate({ url, account, asset: ASSET, ...options })
  const seal = async (count: number): Promise<void> => {
    const setup = await connectLocalSetup({ url, freezers: FREEZERS, asset: ASSET })
    await setup.seal(count)
    await setup.close()
  }

  const makeBond = async (account: string): Promise<LocalBond> => {
    const key = await generateKeyPair('Ed25519')
    const { address } = await accountFromUri(account)
    const proof = await signBondProof(key, chain.genesis, RUN, address)
    return { account, run: RUN, peer: peerIdFromPrivateKey(key).toString(), proof }
  }

  before(async () => {
    const funded = await Promise.all(
      [...FREEZERS, ...PEERS, UNFROZEN].map(async uri => (await accountFromUri(uri)).address),
    )
    folder = chainFolder(funded)
    node = startChain(folder.directory, '--min-block-ms', '300')
    url = (await node.ready).url
    chain = await connect(null)
  })

  after(async () => {
    await chain?.close()
    node?.child.stdin?.end()
    await node?.ended
    folder?.remove()
  })

  it('prepares asset and multisig in one block, and freezes the stakes in another beside eight bonds', async () => {
    const setup = await connectLocalSetup({ url, freezers: FREEZERS, asset: ASSET })
    const before = (await chain.finalizedHead()).height
    const stakes = await Promise.all(
      PEERS.map(async (uri, index) => ({ account: (await accountFromUri(uri)).address, stake: BigInt(1000 + index) })),
    )
    await setup.prepare(stakes)
    bonds = await Promise.all(PEERS.map(makeBond))
    const [blocks] = await Promise.all([setup.postBonds(bonds), setup.freeze(stakes)])
    expect(new Set(blocks.map(({ height }) => height))).to.have.length(1)
    expect(blocks[0]!.height - before).to.be.at.most(5)
    await setup.prepare(stakes)
    await setup.freeze(stakes)
    await setup.seal(2)
    await setup.close()
  })

  it('reads the bonds back at a height, sorted by peer, with their stakes', async () => {
    const { height } = await chain.finalizedHead()
    const expected: Bond[] = await Promise.all(
      bonds.map(async ({ peer, account }, index) => ({
        peer,
        account: (await accountFromUri(account)).address,
        stake: BigInt(1000 + index),
      })),
    )
    expect(await chain.bonds(RUN, height)).to.deep.equal(expected.sort((a, b) => (a.peer < b.peer ? -1 : 1)))
    expect(await chain.bonds(RUN, 1)).to.deep.equal([])
    expect(await chain.bonds(`${RUN.slice(0, -1)}a`, height)).to.deep.equal([])
  })

  it('counts a stake that is not frozen as 0', async () => {
    const writer = await connect(UNFROZEN)
    const bond = await makeBond(UNFROZEN)
    const { height } = await writer.bond(bond)
    await seal(1)
    const found = (await writer.bonds(RUN, height)).find(({ peer }) => peer === bond.peer)
    expect(found?.stake).to.equal(0n)
    expect((await writer.bond(bond)).height).to.be.at.least(height)
    await writer.close()
  })

  it('refuses to post a wrong proof or a second peer, and says why', async () => {
    const writer = await connect(PEERS[0]!)
    const other = await makeBond(PEERS[1]!)
    const refusal = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'accepted',
        error => (error instanceof TransactionRefused ? error.reason : String(error)),
      )
    expect(await refusal(writer.bond(other))).to.equal('bond.BadProof')
    expect(await refusal(writer.bond(await makeBond(PEERS[0]!)))).to.equal('bond.OtherPeer')
    expect(await refusal(chain.bond(other))).to.equal('account.None')
    await writer.close()
    const poor = await connect(POOR)
    expect(await refusal(poor.bond(await makeBond(POOR)))).to.equal('transaction.Payment')
    expect(await refusal(poor.anchor(RUN, { stage: 0, fromRound: 0, toRound: 1, link: link(1) }))).to.equal('bond.None')
    await poor.close()
  })

  it('posts anchors and reads them back from finalised blocks, of bonded accounts only', async () => {
    const writer = await connect(PEERS[2]!)
    const anchor = { stage: 1, fromRound: 0, toRound: 7, link: link(9) }
    const block = await writer.anchor(RUN, anchor)
    await writer.anchor(RUN, { ...anchor, fromRound: 8, toRound: 15 })
    await seal(2)
    const toHeight = (await chain.finalizedHead()).height
    const found = await chain.anchors(RUN, { afterHeight: 0, toHeight })
    expect(found.map(({ toRound }) => toRound)).to.deep.equal([7, 15])
    expect(found[0]).to.deep.equal({ ...anchor, peer: bonds[2]!.peer, block })
    expect(await chain.anchors(RUN, { afterHeight: block.height, toHeight })).to.have.length(1)
    await writer.close()
  })

  it('carries a report of speeds from the account that signed it to whoever reads its block', async () => {
    const writer = await connect(PEERS[4]!)
    const times = new Map([[bonds[5]!.peer, { ms: 120, isAtLeast: false }]])
    const { height } = await writer.postRecord(RUN, encodeSpeeds(RUN, { epoch: 2, times }))
    await seal(2)
    const found = await chain.records(RUN, { afterHeight: height - 1, toHeight: height })
    expect(found.map(({ kind, peer }) => [kind, peer])).to.deep.equal([['speeds', bonds[4]!.peer]])
    expect(decodeSpeeds(found[0]!.record, RUN)).to.deep.equal({ epoch: 2, times })
    await writer.close()
  })

  it('posts records, the longest too, and reads them back beside the anchors, of bonded accounts only', async () => {
    const writer = await connect(PEERS[4]!)
    const other = await connect(PEERS[5]!)
    const longest = new Uint8Array(RECORD_LIMIT_BYTES)
    longest.set(recordPrefix(RUN, 'changes'))
    const short = Uint8Array.of(...recordPrefix(RUN, 'claim'), 1, 2, 3)
    const block = await writer.postRecord(RUN, longest)
    await other.postRecord(RUN, short)
    const anchor = { stage: 0, fromRound: 0, toRound: 3, link: link(4) }
    await writer.anchor(RUN, anchor)
    const tooLong = new Uint8Array(RECORD_LIMIT_BYTES + 1)
    tooLong.set(recordPrefix(RUN, 'changes'))
    const foreign = recordPrefix(`${RUN.slice(0, -1)}a`, 'changes')
    for (const record of [tooLong, foreign, short.slice(1)]) {
      expect(await writer.postRecord(RUN, record).catch(error => error)).to.be.instanceOf(RangeError)
    }
    const bondless = await connect(POOR)
    expect(await bondless.postRecord(RUN, short).catch(error => error)).to.have.property('reason', 'bond.None')
    // An account without a bond, past that check.
    const connection = await Connection.open(url)
    const { api } = connection
    const stranger = new Transactions(connection, await accountFromUri(FREEZERS[0]))
    await stranger.submit(async () => call(api, 'system.remarkWithEvent', u8aToHex(short)))
    await connection.close()
    await seal(2)
    const range = { afterHeight: block.height - 1, toHeight: (await chain.finalizedHead()).height }
    const found = await chain.records(RUN, range)
    expect(found.map(({ peer }) => peer)).to.deep.equal([bonds[4]!.peer, bonds[5]!.peer])
    expect(found[0]!.block).to.deep.equal(block)
    expect(found.map(({ kind }) => kind)).to.deep.equal(['changes', 'claim'])
    expect(found.map(({ record }) => u8aToHex(record))).to.deep.equal([u8aToHex(longest), u8aToHex(short)])
    expect((await chain.anchors(RUN, range)).map(({ toRound }) => toRound)).to.deep.equal([3])
    expect(await chain.records(RUN, { ...range, afterHeight: block.height })).to.have.length(1)
    await Promise.all([writer.close(), other.close(), bondless.close()])
  })

  it('passes over a bond with a wrong proof and an anchor without a bond', async () => {
    const connection = await Connection.open(url)
    const liar = await accountFromUri(FREEZERS[2])
    const transactions = new Transactions(connection, liar)
    const [collection, item] = [collectionId(liar.address, RUN, 0), itemId(RUN)]
    // The peer of another account, and that account's proof.
    const { peer, proof } = bonds[3]!
    const attributes = { peer: stringToHex(peer), run: stringToHex(RUN), proof: u8aToHex(proof) }
    const { api } = connection
    const { height } = await transactions.submit(async () =>
      atomic(api, [
        call(
          api,
          'system.remarkWithEvent',
          u8aToHex(encodeAnchorRemark(RUN, { stage: 0, fromRound: 0, toRound: 1, link: link(3) })),
        ),
        call(api, 'uniques.create', collection, liar.address),
        call(api, 'uniques.mint', collection, item, liar.address),
        ...Object.entries(attributes).map(([key, value]) =>
          call(api, 'uniques.setAttribute', collection, item, stringToHex(key), value),
        ),
      ]),
    )
    const failed = await transactions
      .submit(async () => atomic(api, [call(api, 'uniques.create', collection, liar.address)]))
      .catch(error => error)
    expect(failed).to.have.property('reason', 'uniques.InUse')
    await connection.close()
    await seal(2)
    const found = await chain.bonds(RUN, height)
    expect(found.map(({ account }) => account)).to.not.include(liar.address)
    expect(found).to.have.length(9)
    expect(await chain.anchors(RUN, { afterHeight: height - 1, toHeight: height })).to.deep.equal([])
  })
})
