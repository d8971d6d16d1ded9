import { generateKeyPair } from '@libp2p/crypto/keys'
import { removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { publicAddresses } from '../../../node/network/public-addresses.ts'

const ADDRESSES = [
  '/ip4/127.0.0.1/tcp/1',
  '/ip4/45.0.0.7/tcp/4001',
  '/ip4/192.168.1.1/tcp/2',
  '/ip6/::1/tcp/3',
  '/ip6/2a00::1/tcp/4',
  '/dns4/example.org/tcp/5',
]

describe('public addresses', () => {
  it('are those that kad-dht itself takes for public, the second time too', async () => {
    const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const peer = { id, multiaddrs: ADDRESSES.map(address => multiaddr(address)) }
    const map = publicAddresses()
    const expected = removePrivateAddressesMapper(peer)
    expect(expected.multiaddrs.length).to.be.within(1, ADDRESSES.length - 1)
    for (let look = 0; look < 2; look++) expect(map(peer)).to.deep.equal(expected)
  })
})
