import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from '@acala-network/chopsticks-core'
import type { GenericExtrinsic } from '@polkadot/types'
import type { HexString } from '@polkadot/util/types'
import { expect } from 'chai'
import { accountFromUri } from '../../../consensus/chain/adapters/substrate/index.ts'
import { newGenesis, readAccounts } from '../../../node/chain/accounts.ts'
import type { Ledger } from '../../../node/chain/ledger.ts'
import { BlockStore } from '../../../node/chain/store.ts'

const ACCOUNT = '//Alice'
const NO_MESSAGES = { upwardMessages: {}, downwardMessages: [], horizontalMessages: {} }

describe('building a block of the embedded chain', () => {
  let directory: string
  let store: BlockStore
  let ledger: Ledger
  let chopsticks: typeof import('@acala-network/chopsticks-core')
  let buildNext: typeof import('../../../node/chain/build-block.ts').buildNext

  /** A remark of the account under a nonce. */
  const remark = async (nonce: number, text: string): Promise<HexString> => {
    const { registry, tx } = await ledger.head.meta
    const extrinsic: GenericExtrinsic = registry.createType('Extrinsic', tx.system!.remark!(text), { version: 4 })
    return extrinsic
      .sign(await accountFromUri(ACCOUNT), {
        blockHash: ledger.genesisHash,
        genesisHash: ledger.genesisHash,
        nonce,
        runtimeVersion: await ledger.head.runtimeVersion,
      })
      .toHex()
  }

  /** What a block changes, as its parent's state sees it. */
  const changesOf = async (block: Block) => ledger.state.changes(await block.storageDiff(), ledger.head.number)

  const stepwise = async (transactions: readonly HexString[]): Promise<Block> => {
    const params = { transactions: [...transactions], ...NO_MESSAGES }
    return (await chopsticks.buildBlock(ledger.head, chopsticks.inherentProviders, params))[0]
  }

  before(async () => {
    // Chopsticks reads its log level when it is loaded.
    process.env['LOG_LEVEL'] = 'fatal'
    chopsticks = await import('@acala-network/chopsticks-core')
    buildNext = (await import('../../../node/chain/build-block.ts')).buildNext
    const { Ledger } = await import('../../../node/chain/ledger.ts')
    const { genesisStorage } = await import('../../../node/chain/genesis.ts')
    directory = mkdtempSync(join(tmpdir(), 'swarm-ledger-'))
    const { address } = await accountFromUri(ACCOUNT)
    store = new BlockStore(directory, () => newGenesis(readAccounts([address])))
    ledger = await Ledger.open(store, genesisStorage(store.genesis))
  })

  after(async () => {
    await chopsticks?.destroyWorker()
    store?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('changes the state in one call as chopsticks does step by step, in the first block and with transactions', async () => {
    const first = await buildNext(ledger.head, [])
    // The first block takes its time from the clock, so only what is written can be compared.
    expect(await changesOf(first)).to.have.all.keys(Object.keys(await changesOf(await stepwise([]))))
    await ledger.onNewBlock(first)
    const transactions = [await remark(0, 'one'), await remark(1, 'two')]
    const second = await buildNext(ledger.head, transactions)
    const reference = await stepwise(transactions)
    expect(await changesOf(second)).to.deep.equal(await changesOf(reference))
    expect((await second.extrinsics).slice(-2)).to.deep.equal(transactions)
    expect(await second.extrinsics).to.deep.equal(await reference.extrinsics)
    expect(second.hash).to.equal(reference.hash)
  })

  it('leaves out a transaction that is not valid any more, and takes those around it', async () => {
    const [first, again, second] = [await remark(0, 'one'), await remark(0, 'again'), await remark(1, 'two')]
    const block = await buildNext(ledger.head, [first, again, second])
    expect((await block.extrinsics).slice(-2)).to.deep.equal([first, second])
    expect(await block.extrinsics).not.to.include(again)
  })
})
