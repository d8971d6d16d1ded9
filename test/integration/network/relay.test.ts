import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import type { NatInit, RelayLimits, RelayMode } from '../../../node/network/index.ts'
import { RELAY_LIMITS } from '../../../node/network/nat/constants.ts'
import { isRefusal, PeerStreams, RELAY_RESERVE_BYTES } from '../../../protocols/wire/index.ts'
import { clock, type Identity, identity, type Peer, type PeerOptions, SeatTable, startPeer, until } from './peer.ts'

const PROTOCOL = '/swarm-node/test/1.0.0'
const NOWHERE: readonly string[] = []

function nat(relay: RelayMode, limits: Partial<RelayLimits> = {}): NatInit {
  return {
    relay,
    portMapping: false,
    localDiscovery: false,
    relayLimits: { ...RELAY_LIMITS, reservationsPerHost: 32, ...limits },
  }
}

describe('peers that nobody can dial', function () {
  this.timeout(40_000)
  let seats: SeatTable
  let identities: Identity[]
  let started: Peer[]
  let streams: PeerStreams[]

  beforeEach(() => {
    seats = new SeatTable()
    identities = []
    started = []
    streams = []
  })
  afterEach(async () => {
    await Promise.all(streams.map(one => one.stop()))
    await Promise.all(started.map(peer => peer.stop()))
    await Promise.all(identities.map(({ folder }) => rm(folder, { recursive: true, force: true })))
  })

  const cast = async (count: number): Promise<Identity[]> => {
    for (let index = 0; index < count; index++) identities.push(await identity(seats, 0))
    return identities
  }
  const start = async (self: Identity, options: PeerOptions): Promise<Peer> => {
    const peer = await startPeer(self, seats, options)
    started.push(peer)
    return peer
  }
  const address = (peer: Peer): string => `${peer.network.addresses()[0]}/p2p/${peer.name}`
  const relayed = (peer: Peer): boolean => peer.network.reachability()?.state === 'relayed'
  const between = (left: Peer, right: Peer) =>
    left.network.connections().filter(connection => connection.peer === right.name)

  /** A relay, and peers that listen nowhere and know only the relay. */
  const behindRelay = async (count: number, limits: Partial<RelayLimits> = {}): Promise<[Peer, Peer[]]> => {
    const [first, ...others] = await cast(count + 1)
    const relay = await start(first!, { nat: nat('serve', limits) })
    const hidden: Peer[] = []
    for (const other of others)
      hidden.push(await start(other, { listen: NOWHERE, bootstrap: [address(relay)], nat: nat('auto') }))
    return [relay, hidden]
  }

  /** A service that answers with as many bytes as it got. */
  const serve = async (peer: Peer): Promise<PeerStreams> => {
    const service = new PeerStreams(
      {
        clock,
        random: Math.random,
        digest: async bytes => new Uint8Array(createHash('sha256').update(bytes).digest()),
        registrar: peer.network.components.registrar,
        connectionManager: peer.network.components.connectionManager,
      },
      {
        protocol: PROTOCOL,
        onRefusal: () => {},
        onRequest: async (_, body) => ({ header: body.byteLength }),
      },
    )
    streams.push(service)
    await service.start()
    return service
  }

  it('hold a place at a relay, say so, announce it, and are reached over it', async () => {
    const [relay, [left, right]] = await behindRelay(2)
    await until('both have a place', () => relayed(left!) && relayed(right!))
    expect(left!.network.reachability()).to.deep.equal({ state: 'relayed', via: relay.name })
    expect(left!.events.filter(event => event.type === 'reachability').at(-1)).to.include({ state: 'relayed' })
    expect(relay.network.reachability()?.state).to.equal('public')
    await until('connected over the relay', () => between(left!, right!).length > 0)
    expect(between(left!, right!).map(connection => connection.relay)).to.deep.equal([relay.name])
    const known = (): readonly string[] => right!.discovery.recordOf(left!.name, 0)?.payload.addresses ?? []
    await until('the record says it', () => known().some(text => text.endsWith(`/p2p/${relay.name}/p2p-circuit`)))
    await serve(right!)
    const asking = await serve(left!)
    const answer = await asking.request(right!.name, 'hello', new Uint8Array(300_000))
    expect(isRefusal(answer) ? answer : answer.header).to.equal(300_000)
  })

  it('leave the relay for a direct connection where one end can be dialled', async () => {
    const [first, second, third] = await cast(3)
    const relay = await start(first!, { nat: nat('serve') })
    const hidden = await start(second!, { listen: NOWHERE, bootstrap: [address(relay)], nat: nat('auto') })
    await until('it has a place', () => relayed(hidden))
    const open = await start(third!, { nat: nat('auto') })
    const { connectionManager } = open.network.components
    // It may be left within the same moment, so it is looked at, not the list of those that are open.
    const begun = await connectionManager.openConnection(circuit(relay, hidden))
    expect(begun.remoteAddr.toString()).to.include(`/p2p/${relay.name}/p2p-circuit`)
    await until('direct', () => between(hidden, open).some(connection => connection.relay === null))
    await until('the relay is left', () => between(hidden, open).every(connection => connection.relay === null))
    await until('on both ends', () => between(open, hidden).every(connection => connection.relay === null))
  })

  it('find another relay when theirs goes', async () => {
    const [first, second, third] = await cast(3)
    const relay = await start(first!, { nat: nat('serve') })
    const other = await start(second!, { nat: nat('serve'), bootstrap: [address(relay)] })
    const hidden = await start(third!, { listen: NOWHERE, bootstrap: [address(relay)], nat: nat('auto') })
    await until('it has two places', () => hidden.network.reachability()?.via.split(',').length === 2)
    started = started.filter(peer => peer !== relay)
    await relay.stop()
    await until('one is left', () => hidden.network.addresses().every(text => !text.includes(relay.name)))
    expect(hidden.network.addresses().some(text => text.includes(other.name))).to.equal(true)
  })

  for (const limits of [{ reservations: 1 }, { reservationsPerHost: 1 }]) {
    it(`are refused a place beyond ${JSON.stringify(limits)}, and told so`, async () => {
      const [relay, hidden] = await behindRelay(2, limits)
      await until('one has it', () => hidden.some(relayed))
      const without = hidden.find(peer => !relayed(peer))!
      await until('the other is told', () => troubles(without).some(text => text.includes(relay.name)))
      expect(without.network.addresses()).to.deep.equal([])
      expect(without.network.reachability()?.state).to.equal('unreachable')
    })
  }

  it('give up their place with their connection', async () => {
    const [, [left, right]] = await behindRelay(2, { reservations: 1 })
    await until('one has it', () => [left!, right!].some(relayed))
    const holder = relayed(left!) ? left! : right!
    started = started.filter(peer => peer !== holder)
    await holder.stop()
    await until('the other has it', () => started.some(relayed), 20_000)
  })

  for (const limits of [{ circuits: 1 }, { circuitsPerPeer: 1 }]) {
    it(`get no circuit beyond ${JSON.stringify(limits)}`, async () => {
      const [relay, hidden] = await behindRelay(3, limits)
      await until('all have a place', () => hidden.every(relayed))
      const count = () =>
        hidden.flatMap(peer => peer.network.connections().filter(one => one.relay !== null)).length / 2
      await until('one circuit is open', () => count() >= 1)
      const pairs = hidden.flatMap(from => hidden.filter(to => to !== from).map(to => ({ from, to })))
      await Promise.all(pairs.map(({ from, to }) => dialOver(from, circuit(relay, to))))
      expect(count()).to.equal(1)
    })
  }

  it('send no body that the relay would not carry, and go on talking', async () => {
    const [, [left, right]] = await behindRelay(2, { circuitBytes: 2 * RELAY_RESERVE_BYTES })
    await until('connected', () => between(left!, right!).length > 0)
    await serve(right!)
    const asking = await serve(left!)
    expect(await asking.request(right!.name, 'big', new Uint8Array(RELAY_RESERVE_BYTES))).to.include({
      refused: 'unreachable',
    })
    const answer = await asking.request(right!.name, 'small', new Uint8Array(100_000))
    expect(isRefusal(answer) ? answer : answer.header).to.equal(100_000)
    expect(between(left!, right!)).to.have.length(1)
  })

  it('are cut off by the relay after its bytes, whatever they send', async () => {
    const [, [left, right]] = await behindRelay(2, { circuitBytes: 300_000 })
    await until('connected', () => between(left!, right!).length > 0)
    await right!.network.components.registrar.handle(PROTOCOL, () => {}, { runOnLimitedConnection: true })
    const connection = left!.network.components.connectionManager.getConnections(peerIdFromString(right!.name))[0]!
    const ended = new Promise(resolve => connection.addEventListener('close', resolve, { once: true }))
    const stream = await connection.newStream(PROTOCOL, { runOnLimitedConnection: true })
    for (let sent = 0; sent < 600_000 && stream.status === 'open'; sent += 60_000) stream.send(new Uint8Array(60_000))
    await ended
  })

  it('are cut off by the relay after its time', async () => {
    const [, [left, right]] = await behindRelay(2, { circuitMs: 1_500 })
    await until('connected', () => between(left!, right!).length > 0)
    const connection = left!.network.components.connectionManager.getConnections(peerIdFromString(right!.name))[0]!
    const beganMs = performance.now()
    await new Promise(resolve => connection.addEventListener('close', resolve, { once: true }))
    expect(performance.now() - beganMs).to.be.below(5_000)
  })
})

function circuit(relay: Peer, to: Peer) {
  return multiaddr(`${relay.network.addresses()[0]}/p2p/${relay.name}/p2p-circuit/p2p/${to.name}`)
}

async function dialOver(from: Peer, address: ReturnType<typeof multiaddr>): Promise<void> {
  const signal = AbortSignal.timeout(5_000)
  await from.network.components.connectionManager.openConnection(address, { signal, force: true }).catch(() => null)
}

function troubles(peer: Peer): string[] {
  return peer.events.flatMap(event => (event.type === 'trouble' ? [event.message] : []))
}
