import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { kindOf } from '../../../node/network/bytes.ts'
import { CONNECTIONS_PER_PEER_MAX, CROWD_STAYS_MS, DENIED_MAX } from '../../../node/network/constants.ts'
import { listenError, PortInUse } from '../../../node/network/errors.ts'
import { type Caller, Gater, type GaterInit, hostOf } from '../../../node/network/gater.ts'
import { parseAddress, peerOf } from '../../../node/network/targets.ts'

class Connection extends EventTarget {
  readonly remoteAddr: Caller['remoteAddr']
  endedBy: Error | null = null

  constructor(address: string) {
    super()
    this.remoteAddr = multiaddr(address)
  }

  abort(error: Error): void {
    this.endedBy = error
  }
}

const caller = (address: string): Connection => new Connection(address)

let nowMs = 0

const gaterOf = (init: Partial<GaterInit>): Gater =>
  new Gater({
    perAddress: 4,
    pending: 100,
    strangers: 100,
    connections: () => [],
    hasPlace: () => true,
    nowMs: () => nowMs,
    pace: { watch: () => undefined, name: () => undefined },
    ...init,
  })

describe('the connection gater', () => {
  let peer: PeerId
  before(async () => {
    peer = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  })

  it('refuses denied peers both ways, until they are allowed again', () => {
    const gater = gaterOf({})
    expect(gater.denyDialPeer(peer)).to.equal(false)
    gater.deny(peer.toString(), 'two signatures')
    expect(gater.denyDialPeer(peer)).to.equal(true)
    expect(gater.denyInboundEncryptedConnection(peer, caller('/ip4/10.0.0.1/tcp/1'))).to.equal(true)
    expect(gater.denied().get(peer.toString())).to.equal('two signatures')
    gater.allow(peer.toString())
    expect(gater.denyDialPeer(peer)).to.equal(false)
  })

  it('forgets the oldest when too many are denied', () => {
    const gater = gaterOf({})
    for (let index = 0; index <= DENIED_MAX; index++) gater.deny(`peer ${index}`, 'x')
    expect(gater.denied().size).to.equal(DENIED_MAX)
    expect(gater.denied().has('peer 0')).to.equal(false)
  })

  it('refuses one more connection of a peer that has its share', () => {
    const at = (address: string) => ({ remoteAddr: multiaddr(address) })
    let open = [at('/ip4/10.0.0.3/tcp/1')]
    const gater = gaterOf({ connections: () => open })
    expect(gater.denyInboundUpgradedConnection(peer, caller('/ip4/10.0.0.3/tcp/9'))).to.equal(false)
    open = Array.from({ length: CONNECTIONS_PER_PEER_MAX }, () => at('/ip4/10.0.0.3/tcp/1'))
    expect(gater.denyInboundUpgradedConnection(peer, caller('/ip4/10.0.0.3/tcp/9'))).to.equal(true)
  })

  it('refuses one more stranger from an address that has its share, and as many with a place as there are', () => {
    let hasPlace = false
    const gater = gaterOf({ perAddress: 2, hasPlace: () => hasPlace })
    const isRefused = (address: string): boolean =>
      gater.denyInboundConnection(caller(address)) ||
      gater.denyInboundEncryptedConnection(peer, caller(address.replace('tcp/', 'tcp/1')))
    const strangers = [1, 2, 3].map(port => isRefused(`/ip4/10.0.0.1/tcp/${port}`))
    expect(strangers).to.deep.equal([false, false, true])
    expect(isRefused('/ip4/10.0.0.2/tcp/1')).to.equal(false)
    hasPlace = true
    for (let port = 4; port < 50; port++) expect(isRefused(`/ip4/10.0.0.1/tcp/${port}`)).to.equal(false)
  })

  it('counts nobody among strangers who was given a place since', () => {
    const places = new Set<string>()
    const gater = gaterOf({ perAddress: 2, strangers: 2, hasPlace: name => places.has(name) })
    const isRefused = (name: string, connection: Connection): boolean =>
      gater.denyInboundEncryptedConnection({ toString: () => name } as PeerId, connection)
    const newcomer = caller('/ip4/10.0.0.1/tcp/1')
    expect(isRefused('newcomer', newcomer)).to.equal(false)
    places.add('newcomer')
    nowMs += CROWD_STAYS_MS
    for (let port = 2; port < 4; port++)
      expect(isRefused(`stranger ${port}`, caller(`/ip4/10.0.0.1/tcp/${port}`))).to.equal(false)
    expect(isRefused('one more', caller('/ip4/10.0.0.1/tcp/4'))).to.equal(true)
    nowMs += CROWD_STAYS_MS
    expect(isRefused('of another host', caller('/ip4/10.0.0.2/tcp/4'))).to.equal(false)
    expect(newcomer.endedBy).to.equal(null)
  })

  it('lets the oldest go, of the host that has most, where one more is being secured than may be', () => {
    const gater = gaterOf({ pending: 3 })
    const crowd = [1, 2, 3].map(port => caller(`/ip4/10.0.0.1/tcp/${port}`))
    const honest = caller('/ip4/10.0.0.2/tcp/1')
    for (const connection of [...crowd, honest]) expect(gater.denyInboundConnection(connection)).to.equal(false)
    expect([...crowd, honest].map(({ endedBy }) => endedBy !== null)).to.deep.equal([true, false, false, false])
  })

  it('counts nobody as being secured who is through, or gone', () => {
    const gater = gaterOf({ pending: 2 })
    const through = caller('/ip4/10.0.0.1/tcp/1')
    const gone = caller('/ip4/10.0.0.1/tcp/2')
    for (const connection of [through, gone]) gater.denyInboundConnection(connection)
    gater.denyInboundUpgradedConnection(peer, through)
    gone.dispatchEvent(new Event('close'))
    const later = [3, 4].map(port => caller(`/ip4/10.0.0.1/tcp/${port}`))
    for (const connection of later) gater.denyInboundConnection(connection)
    expect([through, gone, ...later].filter(({ endedBy }) => endedBy !== null)).to.have.length(0)
  })

  it('lets strangers make room for strangers, and never those with a place', () => {
    let hasPlace = true
    const gater = gaterOf({ strangers: 1, hasPlace: () => hasPlace })
    const all = [1, 2, 3].map(port => caller(`/ip4/10.0.0.1/tcp/${port}`))
    for (const connection of all) {
      expect(gater.denyInboundEncryptedConnection(peer, connection)).to.equal(false)
      hasPlace = false
      nowMs += CROWD_STAYS_MS
    }
    expect(gater.denyInboundEncryptedConnection(peer, caller('/ip4/10.0.0.1/tcp/4'))).to.equal(false)
    expect(gater.denyInboundEncryptedConnection(peer, caller('/ip4/10.0.0.1/tcp/5'))).to.equal(true)
    expect(all.map(({ endedBy }) => endedBy !== null)).to.deep.equal([false, true, true])
  })

  for (const [address, host] of [
    ['/ip4/10.1.2.3/tcp/1', '10.1.2.3'],
    ['/ip6/2001:db8:1:2:3:4:5:6/tcp/1', '2001:db8:1:2::/64'],
    ['/ip6/2001:db8:1:2::6/tcp/1', '2001:db8:1:2::/64'],
    ['/ip6/::1/tcp/1', '0:0:0:0::/64'],
    ['/dns4/example.com/tcp/1', null],
  ] as const) {
    it(`counts ${address} as ${host}`, () => expect(hostOf(multiaddr(address))).to.equal(host))
  }
})

describe('kinds of traffic', () => {
  for (const [protocol, kind] of [
    ['/swarm-node/activations/1.0.0', 'activations'],
    ['/swarm-node/kad/1.0.0', 'dht'],
    ['/meshsub/1.2.0', 'gossip'],
    ['/ipfs/id/1.0.0', 'libp2p'],
    ['/swarm-node', 'other'],
    ['', 'other'],
  ] as const) {
    it(`counts ${protocol || 'no protocol'} as ${kind}`, () => expect(kindOf(protocol)).to.equal(kind))
  }
})

describe('addresses', () => {
  it('names the peer at the end of an address', () => {
    const name = '12D3KooWGRUVh7cFjMHTCbFmxbSXYUTBqkGSPcDbaTqXbYFrYzHn'
    expect(peerOf(multiaddr(`/ip4/127.0.0.1/tcp/1/p2p/${name}`))).to.equal(name)
    expect(peerOf(multiaddr('/ip4/127.0.0.1/tcp/1'))).to.equal(null)
  })

  it('refuses what is no multiaddr, with its exit code', () => {
    expect(() => parseAddress('127.0.0.1:80'))
      .to.throw('not a multiaddr')
      .with.property('exit', 'usage')
  })

  it('names the address whose port is in use', () => {
    const error = listenError(
      new Error(
        'Some addresses failed:\n\n  /ip4/127.0.0.1/tcp/4001: Error: listen EADDRINUSE: address already in use\n',
      ),
      ['/ip4/127.0.0.1/tcp/4000', '/ip4/127.0.0.1/tcp/4001'],
    )
    expect(error).to.be.instanceOf(PortInUse)
    expect(error).to.include({ address: '/ip4/127.0.0.1/tcp/4001', exit: 'unavailable' })
  })
})
