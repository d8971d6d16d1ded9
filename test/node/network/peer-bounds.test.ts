import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PeerStore } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { PEER_ADDRESSES_MAX } from '../../../node/network/constants.ts'
import { boundAddresses } from '../../../node/network/peer-bounds.ts'
import { cachePeers } from '../../../node/network/peer-cache.ts'

const addressAt = (port: number): Multiaddr => multiaddr(`/ip4/127.0.0.1/tcp/${port}`)
const addressesFrom = (port: number, count: number): Multiaddr[] =>
  Array.from({ length: count }, (_, index) => addressAt(port + index))

describe('the addresses that are known of one peer', () => {
  let store: PeerStore
  let id: PeerId

  beforeEach(async () => {
    id = await makePeer()
    store = (await createLibp2p({ start: false })).peerStore
    cachePeers(store)
    boundAddresses(store)
  })

  const known = async (): Promise<string[]> => (await store.get(id)).addresses.map(one => one.multiaddr.toString())

  it('are bounded, whatever is said of it, one after the other or at a time', async () => {
    await store.merge(id, { multiaddrs: addressesFrom(1000, 3) })
    const many = Array.from({ length: 50 }, (_, index) =>
      store.merge(id, { multiaddrs: addressesFrom(2000 + 5 * index, 5) }),
    )
    await Promise.all(many)
    for (let index = 0; index < 10; index++) await store.merge(id, { multiaddrs: addressesFrom(3000 + 5 * index, 5) })
    expect(await known()).to.have.length(PEER_ADDRESSES_MAX)
    expect(await known()).to.include.members(addressesFrom(1000, 3).map(String))
  })

  it('are the first of what it says itself', async () => {
    await store.merge(id, { multiaddrs: addressesFrom(1000, PEER_ADDRESSES_MAX) })
    const multiaddrs = addressesFrom(2000, 3 * PEER_ADDRESSES_MAX)
    await store.patch(id, { multiaddrs })
    expect(await known()).to.have.members(multiaddrs.slice(0, PEER_ADDRESSES_MAX).map(String))
    await store.save(id, { addresses: multiaddrs.map(one => ({ multiaddr: one, isCertified: true })) })
    expect(await known()).to.have.length(PEER_ADDRESSES_MAX)
  })

  it('leave what else is said as it is', async () => {
    await store.merge(id, { multiaddrs: addressesFrom(1000, PEER_ADDRESSES_MAX) })
    await store.merge(id, { multiaddrs: addressesFrom(2000, 1), protocols: ['/a/1'] })
    await store.merge(id, { tags: { kept: { value: 5 } } })
    const { protocols, tags } = await store.get(id)
    expect(protocols).to.deep.equal(['/a/1'])
    expect(tags.get('kept')?.value).to.equal(5)
  })
})

async function makePeer(): Promise<PeerId> {
  return peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
}
