import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { PROVIDED_BY_PEER_MAX, PROVIDER_RECORDS_MAX } from '../../../node/network/constants.ts'
import { boundProviders } from '../../../node/network/provider-bounds.ts'

describe('the DHT keeps provider records', () => {
  let records: Set<string>
  let self: PeerId
  let provide: (key: string, peer: PeerId) => Promise<void>

  beforeEach(async () => {
    records = new Set()
    self = await makePeer()
    const providers = {
      addProvider: async (key: string, peer: PeerId) => void records.add(`${peer}/${key}`),
      removeProvider: async (key: string, peer: PeerId) => void records.delete(`${peer}/${key}`),
    }
    boundProviders({ providers }, self)
    provide = (key, peer) => providers.addProvider(key, peer)
  })

  it('of one peer a few, which may be renewed, and of itself all', async () => {
    const stranger = await makePeer()
    for (let key = 0; key < 3 * PROVIDED_BY_PEER_MAX; key++) {
      await provide(`key ${key}`, stranger)
      await provide('again', stranger)
      await provide(`key ${key}`, self)
    }
    const of = (peer: PeerId): number => [...records].filter(record => record.startsWith(`${peer}/`)).length
    expect(of(stranger)).to.equal(PROVIDED_BY_PEER_MAX)
    expect(of(self)).to.equal(3 * PROVIDED_BY_PEER_MAX)
  })

  it('of all peers a bounded number: the oldest goes, and leaves room for another of that peer', async () => {
    const first = await makePeer()
    const others = await Promise.all(Array.from({ length: PROVIDER_RECORDS_MAX / PROVIDED_BY_PEER_MAX }, makePeer))
    for (let key = 0; key < PROVIDED_BY_PEER_MAX; key++) await provide(`key ${key}`, first)
    for (const peer of others) for (let key = 0; key < PROVIDED_BY_PEER_MAX; key++) await provide(`key ${key}`, peer)
    expect(records.size).to.equal(PROVIDER_RECORDS_MAX)
    await provide('another', first)
    expect(records.size).to.equal(PROVIDER_RECORDS_MAX)
    expect([...records].filter(record => record.startsWith(`${first}/`))).to.deep.equal([`${first}/another`])
  })

  it('as it likes, where it is another one', () => {
    expect(() => boundProviders({}, self)).not.to.throw()
  })
})

async function makePeer(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}
