import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { collectionId, signBondProof } from '../../../consensus/chain/bond.ts'
import { type BondItem, selectBonds } from '../../../consensus/chain/select-bonds.ts'

const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const genesis = new Uint8Array(32).fill(7)
/** Well-known development accounts; Bob's public key (8e..) is below Alice's (d4..). */
const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'

async function item(
  owner: string,
  seed: number,
  changes: Partial<BondItem> & { attempt?: number } = {},
): Promise<BondItem> {
  const { attempt = 0, ...rest } = changes
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))
  return {
    collection: collectionId(owner, RUN, attempt),
    owner,
    collectionOwner: owner,
    peer: peerIdFromPrivateKey(key).toString(),
    run: RUN,
    proof: await signBondProof(key, genesis, RUN, owner),
    stake: 100n,
    ...rest,
  }
}
const select = (...items: BondItem[]) => selectBonds(genesis, RUN, items)

describe('which bonds count', () => {
  it('all with a valid proof, sorted by peer, in whatever order they come', async () => {
    const [a, b] = [await item(ALICE, 1), await item(BOB, 2)]
    const expected = [a, b]
      .map(({ peer = '', owner, stake }) => ({ peer, account: owner, stake }))
      .sort((x, y) => (x.peer < y.peer ? -1 : 1))
    expect(await select(a, b)).to.deep.equal(expected)
    expect(await select(b, a)).to.deep.equal(expected)
  })

  it('none with a wrong proof, run, collection or missing attribute', async () => {
    const other = await item(BOB, 2)
    const wrong: Partial<BondItem>[] = [
      { proof: other.proof },
      { proof: undefined },
      { peer: other.peer },
      { peer: undefined },
      { run: 'another' },
      { run: undefined },
      { collection: 5 },
    ]
    for (const change of wrong) expect(await select(await item(ALICE, 1, change))).to.deep.equal([])
  })

  it("none in a stranger's collection: it could name another account's stake", async () => {
    expect(await select(await item(ALICE, 1, { collectionOwner: BOB }))).to.deep.equal([])
  })

  it('one an account: its first collection', async () => {
    const [first, second] = [await item(ALICE, 1), await item(ALICE, 2, { attempt: 1 })]
    expect((await select(second, first)).map(({ peer }) => peer)).to.deep.equal([first.peer])
    expect(await select(await item(ALICE, 2, { attempt: 8 }))).to.deep.equal([])
  })

  it('one a peer: the account with the lowest public key', async () => {
    expect((await select(await item(ALICE, 1), await item(BOB, 1))).map(({ account }) => account)).to.deep.equal([BOB])
  })

  it('those without stake too: the floor is not decided here', async () => {
    expect((await select(await item(ALICE, 1, { stake: 0n })))[0]?.stake).to.equal(0n)
  })
})
