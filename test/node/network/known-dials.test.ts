import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { knownDials } from '../../../node/network/known-dials.ts'
import type { Dials } from '../../../node/network/types.ts'

const ADDRESS = multiaddr('/ip4/127.0.0.1/tcp/4001')

describe('dialling by name', () => {
  let peer: PeerId
  let dialled: string[]
  let connections: Connection[]
  let stored: readonly unknown[] | null

  const dials = (): Dials =>
    knownDials(
      {
        getConnections: () => connections,
        openConnection: async (target: unknown) => {
          dialled.push(String(target))
          return { newStream: async () => 'a stream' } as never
        },
        openStream: async () => expect.fail('by way of openConnection only'),
        closeConnections: async () => undefined,
      } as never,
      {
        get: async () => {
          if (stored === null) throw new Error('not found')
          return { addresses: stored }
        },
      } as never,
    )

  beforeEach(async () => {
    peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    dialled = []
    connections = []
    stored = null
  })

  it('refuses at once a peer of whom nothing is known, and leaves nothing behind that a dial by address could join', async () => {
    for (const known of [null, []]) {
      stored = known
      const failure = await dials()
        .openConnection(peer)
        .catch((error: Error) => error.name)
      expect(failure).to.equal('UnknownAddress')
    }
    expect(dialled).to.deep.equal([])
  })

  it('dials a peer with a known address, a connected one, and any address', async () => {
    stored = [{ multiaddr: ADDRESS }]
    expect(await dials().openStream(peer, '/protocol/1')).to.equal('a stream')
    stored = null
    connections = [{} as Connection]
    await dials().openConnection(peer)
    connections = []
    await dials().openConnection(ADDRESS)
    expect(dialled).to.deep.equal([peer.toString(), peer.toString(), ADDRESS.toString()])
  })
})
