import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { cachePeers } from '../../../node/network/peer-cache.ts'

const ADDRESS = multiaddr('/ip4/127.0.0.1/tcp/4001')
const OTHER = multiaddr('/ip4/127.0.0.1/tcp/4002')

describe('the cache of decoded peers', () => {
  let id: PeerId
  let stored: Peer
  let reads: number
  let writes: PeerData[]
  let store: PeerStore

  beforeEach(async () => {
    id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    stored = {
      id,
      addresses: [{ multiaddr: ADDRESS, isCertified: false }],
      protocols: ['/a/1'],
      metadata: new Map(),
      tags: new Map([['kept', { value: 5 }]]),
    }
    reads = 0
    writes = []
    const write = async (_: PeerId, data: PeerData): Promise<Peer> => {
      writes.push(data)
      return { ...stored }
    }
    const fake: Partial<PeerStore> = {
      get: async () => {
        reads++
        return stored
      },
      has: async () => true,
      delete: async () => undefined,
      save: write,
      patch: write,
      merge: write,
    }
    store = fake as PeerStore
    cachePeers(store)
  })

  it('reads a peer once', async () => {
    for (let look = 0; look < 3; look++) expect(await store.get(id)).to.equal(stored)
    expect(reads).to.equal(1)
  })

  it('writes nothing that is known: addresses, protocols, tags that last', async () => {
    await store.get(id)
    await store.merge(id, { protocols: ['/a/1'] })
    await store.merge(id, { multiaddrs: [ADDRESS], tags: { kept: { value: 5 }, absent: undefined } })
    expect(writes).to.deep.equal([])
  })

  const NEWS: Readonly<Record<string, PeerData>> = {
    'a protocol': { protocols: ['/a/1', '/b/1'] },
    'an address': { multiaddrs: [ADDRESS, OTHER] },
    'a tag': { tags: { other: { value: 5 } } },
    'another value of a tag': { tags: { kept: { value: 6 } } },
    'a tag that expires': { tags: { kept: { value: 5, ttl: 1 } } },
    'a tag that is taken away': { tags: { kept: undefined } },
    metadata: { metadata: { agent: new Uint8Array(1) } },
  }
  for (const [what, data] of Object.entries(NEWS))
    it(`writes ${what}`, async () => {
      await store.get(id)
      await store.merge(id, data)
      expect(writes).to.deep.equal([data])
    })

  it('tells what was written last, and asks the store again for a peer that was deleted', async () => {
    const before = await store.get(id)
    const after = await store.patch(id, { protocols: [] })
    expect(await store.get(id))
      .to.equal(after)
      .and.not.equal(before)
    await store.delete(id)
    await store.get(id)
    expect(reads).to.equal(2)
  })
})
