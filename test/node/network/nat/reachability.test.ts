import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { hostOf } from '../../../../node/network/gater.ts'
import { comparePaths, isRelayed, pathOf, relayOf, toldAddresses } from '../../../../node/network/nat/addresses.ts'
import { isWeaker, judgeReachability, type ReachabilityFacts } from '../../../../node/network/nat/reachability.ts'
import type { Reachability } from '../../../../node/network/nat/types.ts'

const RELAY = '12D3KooWEraKpRGP8MLYsu6omiMsXzqbuFXYZHGRx4WfUNn5ndu8'
const PUBLIC = '/ip4/9.9.9.9/tcp/4001'
const NOTHING: ReachabilityFacts = {
  confirmed: null,
  inbound: { public: 0, near: 0 },
  publicPeers: 0,
  relays: [],
}

describe('reachability', () => {
  const cases: readonly [claim: string, facts: Partial<ReachabilityFacts>, verdict: Reachability][] = [
    ['is none where nothing speaks for it', {}, { state: 'unreachable', via: '' }],
    ['is public at a confirmed address', { confirmed: PUBLIC }, { state: 'public', via: PUBLIC }],
    [
      'is public where the internet calls in',
      { inbound: { public: 1, near: 0 }, publicPeers: 1 },
      { state: 'public', via: 'inbound' },
    ],
    ['is public in a swarm of one house', { inbound: { public: 0, near: 1 } }, { state: 'public', via: 'inbound' }],
    [
      'is not proven by the house where the swarm lives outside',
      { inbound: { public: 0, near: 1 }, publicPeers: 2 },
      { state: 'unreachable', via: '' },
    ],
    ['is relayed where relays hold places, in sorted order', { relays: ['b', 'a'] }, { state: 'relayed', via: 'a,b' }],
    [
      'is public although relays hold places too',
      { confirmed: PUBLIC, relays: ['a'] },
      { state: 'public', via: PUBLIC },
    ],
  ]
  for (const [claim, facts, verdict] of cases) {
    it(claim, () => expect(judgeReachability({ ...NOTHING, ...facts })).to.deep.equal(verdict))
  }

  it('gets weaker from public over relayed to none', () => {
    const [publicly, relayed, none] = (['public', 'relayed', 'unreachable'] as const).map(state => ({ state, via: '' }))
    expect(isWeaker(relayed!, publicly!)).to.equal(true)
    expect(isWeaker(none!, relayed!)).to.equal(true)
    expect(isWeaker(publicly!, none!)).to.equal(false)
    expect(isWeaker(relayed!, relayed!)).to.equal(false)
  })
})

describe('paths of addresses', () => {
  const isNear = (address: ReturnType<typeof multiaddr>) => address.toString().includes('192.168.1.')

  it('come in the order near, public, loopback, relayed, far', () => {
    const order = [
      '/ip4/192.168.1.7/tcp/1',
      PUBLIC,
      '/ip4/127.0.0.1/tcp/1',
      `${PUBLIC}/p2p/${RELAY}/p2p-circuit`,
      '/ip4/10.1.2.3/tcp/1',
    ]
    const shuffled = [3, 0, 4, 2, 1].map(index => multiaddr(order[index]!))
    const sorted = shuffled.toSorted((left, right) => comparePaths(left, right, isNear))
    expect(sorted.map(String)).to.deep.equal(order)
    expect(sorted.map(address => pathOf(address, isNear))).to.deep.equal([
      'near',
      'public',
      'loopback',
      'relayed',
      'far',
    ])
  })

  it('on loopback are told only where there are no others', () => {
    const loopback = ['/ip4/127.0.0.1/tcp/1', `/ip4/127.0.0.1/tcp/2/p2p/${RELAY}/p2p-circuit`]
    const told = (texts: readonly string[]) => toldAddresses(texts.map(text => multiaddr(text))).map(String)
    expect(told(loopback)).to.deep.equal(loopback)
    expect(told([...loopback, `${PUBLIC}/p2p/${RELAY}/p2p-circuit`, PUBLIC])).to.deep.equal([
      PUBLIC,
      `${PUBLIC}/p2p/${RELAY}/p2p-circuit`,
    ])
  })

  it('know their relay, whose host is not that of the peer behind it', () => {
    const relayed = multiaddr(`${PUBLIC}/p2p/${RELAY}/p2p-circuit`)
    expect(isRelayed(relayed)).to.equal(true)
    expect(relayOf(relayed)).to.equal(RELAY)
    expect(relayOf(multiaddr(`${PUBLIC}/p2p/${RELAY}`))).to.equal(null)
    expect(hostOf(relayed)).to.equal(null)
  })
})
