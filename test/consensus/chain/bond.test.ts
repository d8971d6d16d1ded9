import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import fc from 'fast-check'
import { accountKey } from '../../../consensus/chain/address.ts'
import { bondProofBytes, collectionId, itemId, signBondProof, verifyBondProof } from '../../../consensus/chain/bond.ts'

const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'
const RUN = 'bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const genesis = new Uint8Array(32).fill(7)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('SS58 addresses', () => {
  it("gives the public key of Substrate's //Alice, of any network (docs.substrate.io, subkey inspect)", () => {
    const key = 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d'
    expect(hex(accountKey(ALICE))).to.equal(key)
    // Polkadot, prefix 0.
    expect(hex(accountKey('15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5'))).to.equal(key)
  })

  it('refuses whatever is not an address', () => {
    const wrong = ['', 'x', `${ALICE}1`, ALICE.slice(1), ALICE.replace('5G', '5H'), '0OIl', 'é']
    for (const address of wrong) expect(() => accountKey(address), address).to.throw(RangeError)
    fc.assert(fc.property(fc.string(), text => void expect(() => accountKey(text)).to.throw(RangeError)))
  })
})

describe('the proof of a bond', () => {
  const claimOf = async (seed: number, account: string) => {
    const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))
    const proof = await signBondProof(key, genesis, RUN, account)
    return { genesis, run: RUN, account, peer: peerIdFromPrivateKey(key).toString(), proof }
  }

  it('is signed over domain, genesis, account key and run', () => {
    expect(hex(bondProofBytes(genesis, 'run', ALICE))).to.equal(
      `${Buffer.from('swarm-node/bond/1').toString('hex')}00${'07'.repeat(32)}${hex(accountKey(ALICE))}${Buffer.from('run').toString('hex')}`,
    )
    expect(() => bondProofBytes(new Uint8Array(31), 'run', ALICE)).to.throw(RangeError)
  })

  it('holds for the peer, account, run and chain it was signed for, and for nothing else', async () => {
    const claim = await claimOf(1, ALICE)
    const other = await claimOf(2, ALICE)
    expect(claim.proof).to.have.length(64)
    expect(claim.peer).to.have.length(52)
    expect(await verifyBondProof(claim)).to.equal(true)
    const wrong = [
      { ...claim, account: BOB },
      { ...claim, peer: other.peer },
      { ...claim, proof: other.proof },
      { ...claim, run: `${RUN.slice(0, -1)}a` },
      { ...claim, genesis: new Uint8Array(32) },
      { ...claim, account: 'nobody' },
      { ...claim, peer: 'nobody' },
      { ...claim, peer: `${claim.peer} ` },
      { ...claim, proof: claim.proof.subarray(1) },
    ]
    for (const each of wrong) expect(await verifyBondProof(each), JSON.stringify(each)).to.equal(false)
  })

  it('knows a peer by one name only', async () => {
    const claim = await claimOf(1, ALICE)
    const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
    const asCid = peerIdFromPrivateKey(key).toCID().toString()
    expect(await verifyBondProof({ ...claim, peer: asCid })).to.equal(false)
  })
})

describe('the place of a bond', () => {
  it("is the same for everyone (vectors computed with Python's hashlib)", () => {
    expect([
      collectionId(ALICE, RUN, 0),
      collectionId(ALICE, RUN, 1),
      collectionId(BOB, RUN, 0),
      itemId(RUN),
    ]).to.deep.equal([3312861691, 346381796, 4160340797, 4013492035])
  })
})
