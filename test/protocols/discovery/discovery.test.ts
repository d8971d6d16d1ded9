import type { Connection, PeerId } from '@libp2p/interface'
import { expect } from 'chai'
import { QUERY_TIMEOUT_MS, REANNOUNCE_MS, REPUBLISH_MS, RETRY_MAX_MS } from '../../../protocols/discovery/constants.ts'
import { type DiscoveryComponents, discovery, recordBook } from '../../../protocols/discovery/index.ts'
import { encodeKey, stageCid } from '../../../protocols/discovery/keys.ts'
import { hashHex } from '../../../protocols/wire/hash.ts'
import { settle, VirtualClock } from './virtual-clock.ts'
import {
  codecOf,
  componentsOf,
  envelopeOf,
  FakeDht,
  MemoryStorage,
  name,
  PEERS,
  RUN,
  record,
  seatsOf,
} from './world.ts'

const SELF = PEERS[0] as PeerId
const ADDRESS = ['/ip4/127.0.0.1/tcp/1']

const start = async (changes: Partial<DiscoveryComponents> = {}, listeners = 1) => {
  const clock = new VirtualClock()
  const dht = new FakeDht(SELF)
  const storage = new MemoryStorage()
  const gossiped: Uint8Array[] = []
  const dialled: { readonly peer: string; readonly atMs: number }[] = []
  const seats = seatsOf([name(0), name(1)], [name(2)])
  const components = componentsOf(SELF, clock, { dht, storage, ...changes })
  const book = recordBook({ run: RUN, stages: 2, seats, codec: codecOf(name(0)) })
  const peers = discovery(
    {
      run: RUN,
      stages: 2,
      seats,
      ephemeral: false,
      needed: () => [0, 1],
      dial: async peer => {
        dialled.push({ peer, atMs: clock.nowMs() })
        throw new Error('away')
      },
      publish: async (_stage, envelope) => {
        gossiped.push(envelope)
        return listeners
      },
    },
    book,
  )(components)
  await peers.start()
  return { clock, dht, storage, gossiped, dialled, peers, book }
}

describe('Discovery', () => {
  it('announces under a sequence that grows, also over a restart', async () => {
    const storage = new MemoryStorage()
    const first = await start({ storage })
    await first.peers.announce(0, ADDRESS)
    await first.peers.announce(0, [...ADDRESS, '/ip4/127.0.0.1/tcp/2'])
    await first.peers.stop()
    const second = await start({ storage })
    await second.peers.announce(0, ['/ip4/127.0.0.1/tcp/3'])
    expect(second.peers.recordOf(name(0), 0)?.payload.sequence).to.equal(3)
    await second.peers.stop()
  })

  it('makes no new record of unchanged addresses', async () => {
    const { peers } = await start()
    await peers.announce(0, ADDRESS)
    await peers.announce(0, ADDRESS)
    expect(peers.recordOf(name(0), 0)?.payload.sequence).to.equal(1)
    await peers.stop()
  })

  it('gives two announcements at once two sequences', async () => {
    const { peers } = await start()
    await Promise.all([peers.announce(0, ADDRESS), peers.announce(0, ['/ip4/127.0.0.1/tcp/2'])])
    expect(peers.recordOf(name(0), 0)?.payload.addresses).to.deep.equal(['/ip4/127.0.0.1/tcp/2'])
    await peers.stop()
  })

  it('sends nothing before the sequence is stored', async () => {
    const storage = new MemoryStorage()
    storage.fails = true
    const { peers, gossiped, dht } = await start({ storage })
    const failed = await peers.announce(0, ADDRESS).catch(error => error.message)
    expect(failed).to.equal('disk full')
    expect(gossiped).to.deep.equal([])
    expect(dht.puts).to.equal(0)
    storage.fails = false
    await peers.announce(0, ADDRESS)
    expect(storage.writes).to.equal(1)
    expect(gossiped).to.have.length(1)
    await peers.stop()
  })

  it('puts value and provider into the DHT, early several times and then before values expire', async () => {
    const { peers, dht, clock } = await start()
    await peers.announce(1, ADDRESS)
    await settle()
    expect([...dht.values.keys()]).to.deep.equal([hashHex(encodeKey({ run: RUN, stage: 1, peer: name(0) }))])
    expect([...dht.providers.keys()]).to.deep.equal([stageCid(RUN, 1).toString()])
    await clock.advance(3_600_000)
    const early = dht.puts
    expect(early).to.equal(5)
    await clock.advance(8 * REPUBLISH_MS)
    expect(dht.puts).to.equal(early + 8)
    await peers.stop()
  })

  it('leaves out early puts that as many peers hold as are connected, but not the last, nor those of a new record', async () => {
    const dht = new FakeDht(SELF)
    const { connectionManager } = componentsOf(SELF, new VirtualClock())
    const getConnections = () => [1, 2, 3].map(peer => ({ remotePeer: PEERS[peer] }) as Connection)
    const { peers, clock } = await start({ dht, connectionManager: { ...connectionManager, getConnections } })
    dht.takers = PEERS.slice(1, 3)
    await peers.announce(1, ADDRESS)
    await settle()
    // Two of three hold it: not enough yet.
    await clock.advance(2_000)
    dht.takers = PEERS.slice(1, 4)
    await clock.advance(10_000)
    expect([dht.puts, dht.provides]).to.deep.equal([3, 3])
    await clock.advance(300_000)
    expect([dht.puts, dht.provides]).to.deep.equal([3, 3])
    await clock.advance(600_000)
    expect([dht.puts, dht.provides]).to.deep.equal([4, 4])
    await peers.announce(1, ['/ip4/127.0.0.1/tcp/9'])
    await settle()
    expect([dht.puts, dht.provides]).to.deep.equal([5, 5])
    await peers.stop()
  })

  it('announces again under a higher sequence when its storage was lost', async () => {
    const { peers, book, clock } = await start()
    await peers.announce(0, ADDRESS)
    await book.admit(envelopeOf(name(0), record(9, { addresses: ['/ip4/127.0.0.1/tcp/7'] })), name(1))
    await clock.advance(REANNOUNCE_MS)
    expect(peers.recordOf(name(0), 0)?.payload)
      .to.include({ sequence: 10 })
      .and.have.deep.property('addresses', ADDRESS)
    await peers.stop()
  })

  it('finds seats by their keys and by the providers of the stage', async () => {
    const { peers, dht } = await start()
    const put = (peer: number, stage: number): unknown =>
      dht.values.set(
        hashHex(encodeKey({ run: RUN, stage, peer: name(peer) })),
        envelopeOf(name(peer), record(1, { stage })),
      )
    put(1, 0)
    put(2, 1)
    dht.providers.set(stageCid(RUN, 0).toString(), new Set([PEERS[5] as PeerId]))
    expect(peers.missing(0)).to.deep.equal([name(1)])
    const found = await peers.find(0, new AbortController().signal)
    expect(found.map(({ signer }) => signer)).to.deep.equal([name(1)])
    await peers.stop()
  })

  it('keeps searching until all seats are found, and then stops', async () => {
    const { peers, dht, clock } = await start()
    await clock.advance(60_000)
    expect(peers.missing(1)).to.deep.equal([name(2)])
    dht.values.set(
      hashHex(encodeKey({ run: RUN, stage: 1, peer: name(2) })),
      envelopeOf(name(2), record(1, { stage: 1 })),
    )
    await clock.advance(RETRY_MAX_MS)
    expect(peers.missing(1)).to.deep.equal([])
    await peers.stop()
  })

  it('ends the queries of an isolated peer', async () => {
    const dht = new FakeDht(SELF)
    dht.hangs = true
    const { peers, clock } = await start({ dht })
    const controller = new AbortController()
    const found = peers.find(0, controller.signal)
    await settle()
    await clock.advance(2 * QUERY_TIMEOUT_MS)
    expect(await found).to.deep.equal([])
    await peers.stop()
  })

  it('dials the seats that it knows with growing waits, and at once under new addresses', async () => {
    const { peers, dialled, clock, book } = await start()
    await book.admit(envelopeOf(name(1), record(1)), null)
    await clock.advance(10_000)
    const times = dialled.map(({ atMs }) => atMs)
    const waits = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
    expect(waits.slice(0, 4)).to.deep.equal([500, 1000, 2000, 4000])
    const before = dialled.length
    await book.admit(envelopeOf(name(1), record(2)), null)
    await clock.advance(400)
    expect(dialled.length).to.equal(before + 1)
    await peers.stop()
  })

  for (const [what, envelope, refused] of [
    ['a seat’s record', envelopeOf(name(1), record(1)), null],
    ['a stranger’s record', envelopeOf(name(5), record(1)), 'no-seat'],
    ['a record on the topic of another stage', envelopeOf(name(2), record(1, { stage: 1 })), 'wrong-stage'],
    ['garbage', Uint8Array.of(1), 'bad-signature'],
  ] as const) {
    it(`decides about ${what} in gossip: ${refused ?? 'accept'}`, async () => {
      const { peers } = await start()
      const decision = await peers.accept(envelope, { stage: 0, from: name(3) })
      expect(decision?.refused ?? null).to.equal(refused)
      await peers.stop()
    })
  }

  it('leaves no timer behind when it stops, and has stored what it knew', async () => {
    const { peers, clock, storage, book } = await start()
    await book.admit(envelopeOf(name(1), record(1)), null)
    await peers.stop()
    await settle()
    expect(clock.timers).to.equal(0)
    const again = await start({ storage })
    expect(again.peers.recordOf(name(1), 0)).to.not.equal(null)
    await again.peers.stop()
  })
})
