import { rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { PEER_ADDRESSES_MAX } from '../../../node/network/constants.ts'
import { createNetwork, fileStorage, PortInUse } from '../../../node/network/index.ts'
import { Presence } from '../../../node/peer/presence.ts'
import packageFile from '../../../package.json' with { type: 'json' }
import { recordBook, recordCodec } from '../../../protocols/discovery/index.ts'
import { encodeKey } from '../../../protocols/discovery/keys.ts'
import { seal } from '../../../protocols/wire/envelope.ts'
import type { Settled } from '../../../protocols/wire/messages.ts'
import {
  clock,
  complete,
  GENESIS,
  type Identity,
  identity,
  type Peer,
  type PeerOptions,
  RUN,
  SeatTable,
  startPeer,
  until,
} from './peer.ts'

describe('network, discovery and gossip of real peers', function () {
  this.timeout(30_000)
  let seats: SeatTable
  let started: Peer[]
  let identities: Identity[]

  beforeEach(() => {
    seats = new SeatTable()
    started = []
    identities = []
  })
  afterEach(async () => {
    await Promise.all(started.map(peer => peer.stop()))
    await Promise.all(identities.map(({ folder }) => rm(folder, { recursive: true, force: true })))
  })

  const cast = async (...stages: number[]): Promise<Identity[]> => {
    for (const stage of stages) identities.push(await identity(seats, stage))
    return identities
  }
  const start = async (self: Identity, options?: PeerOptions): Promise<Peer> => {
    const peer = await startPeer(self, seats, options)
    started.push(peer)
    return peer
  }
  const stop = async (peer: Peer): Promise<void> => {
    started = started.filter(other => other !== peer)
    await peer.stop()
  }
  const address = (peer: Peer): string => peer.network.addresses()[0] ?? ''

  it('presents itself to other implementations as swarm-node, with its version', async () => {
    const [first, second] = await cast(0, 0)
    const two = await start(second!)
    const { events } = two.network.components
    // Listened for before the other starts: it may have introduced itself by the time its start is over.
    const agent = new Promise(resolve => {
      events.addEventListener('peer:identify', ({ detail }) => resolve(detail.agentVersion), { once: true })
    })
    await start(first!, { bootstrap: [address(two)] })
    expect(await agent).to.equal(`swarm-node/${packageFile.version}`)
  })

  it('lets eight peers find each other by (run, stage) through one bootstrap address', async () => {
    const [first, ...others] = await cast(0, 0, 0, 0, 1, 1, 1, 1)
    const bootstrap = await start(first!)
    await Promise.all(others.map(other => start(other, { bootstrap: [address(bootstrap)] })))
    const tookMs = await until('all connected', () => complete(started, seats))
    expect(tookMs).to.be.below(8000)
    // kad-dht asks nothing before its first look at itself: peers may be complete before it speaks.
    await until('the DHT is used', () => started.every(peer => 'dht' in peer.network.bytes().byKind))
    for (const peer of started) {
      expect(
        peer.discovery
          .peersOf(0)
          .map(record => record.signer)
          .sort(),
      ).to.deep.equal(seats.seats(0))
      expect(
        peer.discovery
          .peersOf(1)
          .map(record => record.signer)
          .sort(),
      ).to.deep.equal(seats.seats(1))
      const sent = peer.network.bytes()
      expect(sent.total).to.be.above(Object.values(sent.byKind).reduce((sum, bytes) => sum + bytes, 0))
      expect(sent.byKind).to.include.keys('dht', 'discovery', 'gossip', 'libp2p')
    }
  })

  it('lets a late starter find everyone', async () => {
    const [first, second, third, late] = await cast(0, 0, 1, 1)
    const bootstrap = await start(first!)
    await start(second!, { bootstrap: [address(bootstrap)] })
    await start(third!, { bootstrap: [address(bootstrap)] })
    await until('three connected', () => complete(started, seats))
    await start(late!, { bootstrap: [address(bootstrap)] })
    await until('four connected', () => complete(started, seats))
  })

  it('waits for a bootstrap peer that starts last', async () => {
    const [first, second, third] = await cast(0, 0, 1)
    const before = await start(first!)
    const bootstrapAddress = address(before)
    await stop(before)
    await start(second!, { bootstrap: [bootstrapAddress] })
    await start(third!, { bootstrap: [bootstrapAddress] })
    await until('isolation reported', () => started.every(peer => peer.events.some(event => event.type === 'isolated')))
    await start(first!, { listen: [bootstrapAddress] })
    await until('all connected', () => complete(started, seats))
  })

  it('lets a peer that waits for a place hear where all seats are, and find them later though its bootstrap peer is gone', async () => {
    const [first, second, third] = await cast(0, 0, 1)
    const bootstrap = await start(first!)
    const bootstrapAddress = address(bootstrap)
    await start(second!, { bootstrap: [bootstrapAddress] })
    await start(third!, { bootstrap: [bootstrapAddress] })
    await until('all connected', () => complete(started, seats))

    // It has no seat yet.
    const spare = await identity(new SeatTable(), 1)
    identities.push(spare)
    const storage = fileStorage(join(spare.folder, 'records'))
    const warnings: string[] = []
    const presence = new Presence({
      ...{ run: RUN, stages: seats.stages, seats, createNetwork, storage, clock, random: Math.random },
      network: {
        ...{ privateKey: spare.key, listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], bootstrap: [bootstrapAddress] },
        ...{ profile: 'local', datastoreDir: join(spare.folder, 'network') },
      },
      onWarning: message => warnings.push(message),
    })
    presence.open()
    const knows = async (): Promise<boolean> => {
      const book = recordBook({ run: RUN, stages: seats.stages, seats, codec: recordCodec(spare.key) })
      await book.import((await storage.read()) ?? new Uint8Array(0))
      return started.every(peer => book.recordOf(peer.name, peer.stage) !== null)
    }
    let isHeard = false
    const looking = setInterval(() => void knows().then(known => (isHeard ||= known)), 50)
    await until('the seats are on its disk', () => isHeard).finally(() => clearInterval(looking))
    await presence.close()
    expect(warnings).to.deep.equal([])

    await stop(bootstrap)
    seats.remove(first!.name, 0)
    seats.add(spare.name, 1)
    await start(spare)
    await until('it finds the others by itself', () => complete(started, seats))
  })

  it('lets a restarted peer rejoin from its stored addresses when the bootstrap peer is gone', async () => {
    const [first, second, third] = await cast(0, 0, 1)
    const bootstrap = await start(first!)
    const bootstrapAddress = address(bootstrap)
    await start(second!, { bootstrap: [bootstrapAddress] })
    const leaver = await start(third!, { bootstrap: [bootstrapAddress] })
    await until('all connected', () => complete(started, seats))
    await stop(bootstrap)
    await stop(leaver)
    const back = await start(third!, { bootstrap: [bootstrapAddress] })
    await until('two connected', () => complete(started, seats))
    await until('new addresses known', () => {
      const known = started[0]?.discovery.recordOf(back.name, 1)?.payload
      return known?.sequence === 2 && known.addresses.join() === back.network.addresses().join()
    })
  })

  it('refuses an older record that is put over a newer one, and one under another peer’s key', async () => {
    const [first, second, third] = await cast(0, 0, 1)
    const bootstrap = await start(first!)
    const victim = await start(second!, { bootstrap: [address(bootstrap)] })
    const attacker = await start(third!, { bootstrap: [address(bootstrap)] })
    await until('all connected', () => complete(started, seats))
    const old = victim.discovery.recordOf(victim.name, 0)!
    await victim.discovery.announce(0, [...old.payload.addresses, '/ip4/127.0.0.1/tcp/9'])
    await until('newer known', () =>
      started.every(peer => peer.discovery.recordOf(victim.name, 0)?.payload.sequence === 2),
    )
    const put = async (envelope: Uint8Array): Promise<number> => {
      let stored = 0
      const signal = AbortSignal.timeout(5000)
      const key = encodeKey({ run: RUN, stage: 0, peer: victim.name })
      for await (const event of attacker.network.components.dht.put(key, envelope, { signal })) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') stored++
      }
      return stored
    }
    expect(await put(old.envelope)).to.equal(0)
    expect(await put(await recordCodec(attacker.key).seal({ ...old.payload, sequence: 9 }))).to.equal(0)
    expect(bootstrap.refused).to.include.members(['stale-record', 'not-allowed'])
    const found = await bootstrap.discovery.find(0, AbortSignal.timeout(5000))
    expect(found.find(record => record.signer === victim.name)?.payload.sequence).to.equal(2)
  })

  it('brings a message to all peers once, and one without a seat to none', async () => {
    const [first, ...rest] = await cast(0, 0, 0, 1, 1)
    const bootstrap = await start(first!)
    await Promise.all(rest.map(other => start(other, { bootstrap: [address(bootstrap)] })))
    await until('all connected', () => complete(started, seats))
    await until('all listen', () => started.every(peer => peer.gossip.listeners(0).length === started.length - 1))
    const group = GENESIS
    const scope = { version: 1, genesis: GENESIS, run: RUN, epoch: 0, group, stage: 0, round: 1 }
    const message: Settled = { kind: 'settled', scope, count: 3, root: GENESIS }
    const send = async (from: Peer): Promise<void> => {
      await from.gossip.publish(0, 'settled', (await seal(message, from.key)).envelope)
    }
    const author = started.find(peer => peer.stage === 0 && peer !== bootstrap)!
    await send(started.find(peer => peer.stage === 1)!) // it may not sign SETTLED
    await send(author)
    const others = started.filter(peer => peer !== author)
    await until('all received', () => others.every(peer => peer.settled.length > 0))
    for (const peer of others) expect(peer.settled.map(received => received.signer)).to.deep.equal([author.name])
    expect(author.settled).to.deep.equal([])
    expect(bootstrap.refused).to.include('no-seat')
  })

  it('connects over IPv6', async function () {
    const [first, second] = await cast(0, 0)
    const listen = ['/ip6/::1/tcp/0']
    const bootstrap = await start(first!, { listen }).catch(() => null)
    if (bootstrap === null) {
      console.log('    skipped: this machine has no IPv6 loopback')
      return this.skip()
    }
    await start(second!, { listen, bootstrap: [address(bootstrap)] })
    await until('connected', () => complete(started, seats))
    expect(started[1]?.network.connections()[0]?.address).to.match(/^\/ip6\/::1\//)
  })

  it('says which port is in use, and holds nothing open after', async () => {
    const [first, second] = await cast(0, 0)
    const holder = await start(first!)
    const error = await start(second!, { listen: [address(holder)] }).then(
      () => null,
      reason => reason,
    )
    expect(error).to.be.instanceOf(PortInUse)
    expect(error).to.include({ address: address(holder), exit: 'unavailable' })
    await start(second!, { bootstrap: [address(holder)] })
    await until('connected', () => complete(started, seats))
  })

  it('tells of a peer that speaks another version', async () => {
    const [first, second] = await cast(0, 0)
    const one = await start(first!)
    await one.network.components.registrar.handle('/swarm-node/agreement/1.0.0', () => {})
    const other = await start(second!)
    await other.network.components.registrar.handle('/swarm-node/agreement/2.0.0', () => {})
    await other.network.dialPeer(one.name, { addresses: [address(one)], signal: AbortSignal.timeout(5000) })
    const told = (peer: Peer) => peer.events.find(event => event.type === 'other-version')
    await until('both told', () => told(one) !== undefined && told(other) !== undefined)
    expect(told(one)).to.include({ peer: other.name, theirs: '2.0.0', ours: '1.0.0', older: 'we' })
    expect(told(other)).to.include({ peer: one.name, older: 'they' })
  })

  it('lets others dial a peer behind port forwarding at the address that it announces, and tells them no other', async () => {
    const [first, second, third] = await cast(0, 0, 1)
    const inside = await start(first!)
    const listen = [address(inside)]
    const [, port = ''] = /tcp\/(\d+)$/.exec(address(inside)) ?? []
    await stop(inside)
    const forwarding = await forwardTo(Number(port))
    try {
      const announced = `/ip4/127.0.0.1/tcp/${forwarding.port}`
      const hidden = await start(first!, { listen, announce: [announced] })
      expect(hidden.network.addresses()).to.deep.equal([announced])
      const other = await start(second!, { bootstrap: [announced] })
      // It starts from the other, so it knows the hidden one by its record only.
      await start(third!, { bootstrap: [address(other)] })
      await until('all connected', () => complete(started, seats))
      for (const peer of [started[1], started[2]]) {
        const record = peer?.discovery.recordOf(hidden.name, 0)?.payload
        expect(record?.addresses).to.deep.equal([announced])
        const outbound = peer?.network
          .connections()
          .filter(one => one.peer === hidden.name && one.direction === 'outbound')
        for (const { address: dialled } of outbound ?? []) expect(dialled).to.match(new RegExp(`^${announced}(/|$)`))
      }
      expect(forwarding.connections()).to.be.at.least(1)
    } finally {
      forwarding.close()
    }
  })

  it('dials a peer where its record says, whatever others say of it', async () => {
    const [first, second] = await cast(0, 0)
    const one = await start(first!)
    const two = await start(second!)
    const multiaddrs = Array.from({ length: PEER_ADDRESSES_MAX }, (_, index) =>
      multiaddr(`/ip4/127.0.0.1/tcp/${index + 1}`),
    )
    const { peerStore } = one.network.components
    await peerStore.merge(peerIdFromString(two.name), { multiaddrs })
    const signal = AbortSignal.timeout(10_000)
    const connection = await one.network.dialPeer(two.name, { addresses: two.network.addresses(), signal })
    expect(connection.remotePeer.toString()).to.equal(two.name)
  })

  it('closes a denied peer’s connections and takes none again', async () => {
    const [first, second] = await cast(0, 0)
    const judge = await start(first!)
    const culprit = await start(second!, { bootstrap: [address(judge)] })
    await until('connected', () => complete(started, seats))
    await judge.network.deny(culprit.name, 'test')
    await until('gone', () => judge.network.connections().length === 0)
    await culprit.network.dialPeer(judge.name, { signal: AbortSignal.timeout(2000) }).catch(() => null)
    await until('still gone', () => judge.network.connections().length === 0)
    expect(judge.network.denied().get(culprit.name)).to.equal('test')
  })
})

/** What a router does: another port, whose connections end up at this one. */
async function forwardTo(port: number): Promise<{ port: number; connections(): number; close(): void }> {
  const sockets: Socket[] = []
  let connections = 0
  const server = createServer(socket => {
    connections++
    const inside = connect(port, '127.0.0.1')
    sockets.push(socket, inside)
    // Each end closes the other by the pipe.
    for (const one of [socket, inside]) one.on('error', () => one.destroy())
    socket.pipe(inside).pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, connections: () => connections, close }
}
