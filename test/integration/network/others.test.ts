/** Peers of other implementations: libp2p without our settings, and what it says of itself by hand. */
import { rm } from 'node:fs/promises'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { KAD_PROTOCOL } from '../../../node/network/constants.ts'
import { type Identity, identity, type Peer, SeatTable, startPeer, until } from './peer.ts'

const IDENTIFY = '/ipfs/id/1.0.0'
const LISTENS = multiaddr('/ip4/127.0.0.1/tcp/4001')

/** A field of a protobuf that holds some bytes, fewer than 16 Ki. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([(number << 3) | 2, (bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes])
}

describe('a peer of another implementation', function () {
  this.timeout(30_000)
  let self: Identity
  let peer: Peer
  let other: Libp2p
  /** Whom the DHT and others that asked for its protocol have heard of. */
  let found: string[]

  beforeEach(async () => {
    const seats = new SeatTable()
    self = await identity(seats, 0)
    peer = await startPeer(self, seats)
    found = []
    await peer.network.components.registrar.register(KAD_PROTOCOL, {
      onConnect: id => void found.push(id.toString()),
    })
    other = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
    })
  })
  afterEach(async () => {
    await other.stop()
    await peer.stop()
    await rm(self.folder, { recursive: true, force: true })
  })

  /** It connects, and says this of itself beside its key, an address and that it serves the DHT. */
  const connect = async (...more: readonly Uint8Array[]): Promise<void> => {
    const said = [
      field(1, publicKeyToProtobuf(other.peerId.publicKey!)),
      field(2, LISTENS.bytes),
      field(3, new TextEncoder().encode(KAD_PROTOCOL)),
      ...more,
    ]
    await other.handle(IDENTIFY, async stream => {
      await lpStream(stream).write(Buffer.concat(said))
      await stream.close()
    })
    await other.dial(multiaddr(`${peer.network.addresses()[0]}/p2p/${peer.name}`))
  }

  const addresses = async (): Promise<readonly string[]> => {
    const known = await peer.network.components.peerStore.get(other.peerId)
    return known.addresses.map(({ multiaddr: address }) => address.toString())
  }

  it('is known by the rest of what it says where its signed record does not hold', async () => {
    const record = new PeerRecord({ peerId: other.peerId, multiaddrs: [multiaddr('/ip4/127.0.0.1/tcp/4002')] })
    const sealed = await RecordEnvelope.seal(record, await generateKeyPair('Ed25519'))
    await connect(field(8, sealed.marshal().subarray()))
    await until('it is found', () => found.length > 0)
    expect(await addresses()).to.deep.equal([LISTENS.toString()])
  })

  it('is known where it calls this peer by an address that cannot be read', async () => {
    await connect(field(4, Uint8Array.of(0xff, 0xff, 0x7f, 1)))
    await until('it is found', () => found.length > 0)
    expect(await addresses()).to.deep.equal([LISTENS.toString()])
  })
})
