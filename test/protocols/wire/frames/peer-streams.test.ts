import type { Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { expect } from 'chai'
import { UnknownAddress } from '../../../../protocols/wire/frames/index.ts'
import {
  encodeHead,
  FrameStream,
  framePrefix,
  isRefusal,
  type PeerConnection,
  PeerStreams,
  type PeerStreamsInit,
  type Refusal,
  refuse,
} from '../../../../protocols/wire/index.ts'
import { seatsOf } from '../samples.ts'
import { digest, endPairs, ManualClock, streamPair, until } from './pairs.ts'

const NAMES = (await seatsOf(4)).map(seat => seat.name)
const [ALICE, BOB, CAROL, DAVE] = NAMES as [string, string, string, string]
const PROTOCOL = '/test/1'

type Accept = (stream: Stream, connection: { remotePeer: ReturnType<typeof peerIdFromString> }) => void

/** A network of `PeerStreams` whose dials are counted and can be made to fail or hang. */
class Network {
  readonly clock = new ManualClock()
  readonly dials: { from: string; to: string; force: boolean }[] = []
  readonly refusals: string[] = []
  closedConnections = 0
  fails: boolean | Error = false
  hangs = false
  readonly #accepts = new Map<string, Accept>()

  async join(name: string, init: Partial<PeerStreamsInit> = {}): Promise<PeerStreams> {
    const streams = new PeerStreams(
      {
        clock: this.clock,
        digest,
        random: () => 0.5,
        registrar: {
          handle: async (_, accept) => {
            this.#accepts.set(name, accept)
          },
          unhandle: async () => {
            this.#accepts.delete(name)
          },
        },
        connectionManager: { openConnection: (peer, options) => this.#dial(name, peer.toString(), options) },
      },
      {
        protocol: PROTOCOL,
        onRefusal: reason => this.refusals.push(reason),
        onRequest: async (header, _, { from }) => ({ header: [header, from] }),
        ...init,
      },
    )
    await streams.start()
    return streams
  }

  /** A stream on which `from` writes what it likes. */
  async openRaw(from: string, to: string): Promise<FrameStream> {
    const connection = await this.#dial(from, to, { signal: new AbortController().signal, force: false })
    return new FrameStream(await connection.newStream(PROTOCOL))
  }

  async #dial(from: string, to: string, options: { signal: AbortSignal; force: boolean }): Promise<PeerConnection> {
    this.dials.push({ from, to, force: options.force })
    if (this.fails !== false) throw this.fails === true ? new Error('connection refused') : this.fails
    if (this.hangs)
      await new Promise((_, reject) => options.signal.addEventListener('abort', () => reject(new Error('hung'))))
    return {
      newStream: async () => {
        const accept = this.#accepts.get(to)
        if (accept === undefined) throw new Error('protocol not supported')
        const [near, far] = await streamPair()
        accept(far, { remotePeer: peerIdFromString(from) })
        return near
      },
      close: async () => {
        this.closedConnections++
      },
      abort: () => {
        this.closedConnections++
      },
    }
  }
}

function reason(result: unknown): string | null {
  return isRefusal(result) ? result.refused : null
}

describe('streams to peers', () => {
  afterEach(endPairs)

  it('open one stream for many simultaneous calls, and use it from both sides', async () => {
    const network = new Network()
    const [alice, bob] = await Promise.all([network.join(ALICE), network.join(BOB)])
    const results = await Promise.all(Array.from({ length: 10 }, (_, index) => alice.request(BOB, index)))
    expect(results.map(result => (isRefusal(result) ? result : result.header))).to.deep.equal(
      Array.from({ length: 10 }, (_, index) => [index, ALICE]),
    )
    expect(reason(await bob.request(ALICE, 'back'))).to.equal(null)
    expect(network.dials).to.deep.equal([{ from: ALICE, to: BOB, force: false }])
    expect(alice.peers()).to.deep.equal([BOB])
    expect(bob.peers()).to.deep.equal([ALICE])
  })

  it('back off after failures, longer each time, and without dialling meanwhile', async () => {
    const network = new Network()
    const alice = await network.join(ALICE)
    network.fails = true
    // Random is 0.5: three quarters of 250, 500, 1000 ms.
    for (const [attempt, waitMs] of [187.5, 375, 750].entries()) {
      expect(reason(await alice.request(BOB, null))).to.equal('unreachable')
      expect(network.dials).to.have.length(attempt + 1)
      network.clock.advance(waitMs - 1)
      expect(reason(await alice.request(BOB, null))).to.equal('unreachable')
      expect(network.dials).to.have.length(attempt + 1)
      network.clock.advance(1)
    }
    network.fails = false
    await network.join(BOB)
    expect(reason(await alice.request(BOB, null))).to.equal(null)
  })

  it('ask again soon, however often, for a peer whose address nobody has told yet', async () => {
    const network = new Network()
    const alice = await network.join(ALICE)
    network.fails = new UnknownAddress(BOB)
    for (let attempt = 0; attempt < 8; attempt++) {
      expect(reason(await alice.request(BOB, null))).to.equal('unreachable')
      expect(network.dials).to.have.length(attempt + 1)
      network.clock.advance(187.5)
    }
  })

  it('cap the back-off at 30 seconds', async () => {
    const network = new Network()
    const alice = await network.join(ALICE, { idleMs: 10_000_000 })
    network.fails = true
    for (let attempt = 0; attempt < 12; attempt++) {
      await alice.request(BOB, null)
      expect(network.dials).to.have.length(attempt + 1)
      network.clock.advance(30_000)
    }
  })

  it('end a dial that hangs at its deadline, and a caller at its own signal before that', async () => {
    const network = new Network()
    const alice = await network.join(ALICE)
    network.hangs = true
    const controller = new AbortController()
    const impatient = alice.request(BOB, null, undefined, { signal: controller.signal })
    const patient = alice.request(BOB, null)
    controller.abort()
    expect(reason(await impatient)).to.equal('aborted')
    network.clock.advance(10_000)
    expect(reason(await patient)).to.equal('timed-out')
    expect(network.dials).to.have.length(1)
  })

  it('close an idle stream on both sides, and open another when needed', async () => {
    const network = new Network()
    const [alice, bob] = await Promise.all([network.join(ALICE, { idleMs: 1000 }), network.join(BOB, { idleMs: 1000 })])
    await alice.request(BOB, null)
    network.clock.advance(500)
    await alice.request(BOB, null)
    network.clock.advance(500)
    expect(alice.peers()).to.deep.equal([BOB])
    network.clock.advance(1000)
    await until(() => alice.peers().length === 0 && bob.peers().length === 0)
    expect(reason(await alice.request(BOB, null))).to.equal(null)
    expect(network.dials).to.have.length(2)
  })

  it('keep streams with so many peers at most: the longest unused goes, one in use stays', async () => {
    const network = new Network()
    const open: (() => void)[] = []
    const slow: Partial<PeerStreamsInit> = {
      onRequest: async () => {
        await new Promise<void>(resolve => open.push(resolve))
        return { header: null }
      },
    }
    const alice = await network.join(ALICE, { maxPeers: 2 })
    await network.join(BOB)
    await network.join(CAROL, slow)
    await network.join(DAVE, slow)
    await alice.request(BOB, null)
    network.clock.advance(1)
    const first = alice.request(CAROL, null)
    await until(() => open.length === 1)
    network.clock.advance(1)
    const second = alice.request(DAVE, null)
    await until(() => open.length === 2)
    expect(alice.peers()).to.deep.equal([CAROL, DAVE])
    expect(reason(await alice.request(BOB, null))).to.equal('overloaded')
    for (const finish of open) finish()
    await Promise.all([first, second])
    expect(reason(await alice.request(BOB, null))).to.equal(null)
  })

  it('refuse an inbound stream beyond that, and count it', async () => {
    const network = new Network()
    const alice = await network.join(ALICE, { maxPeers: 1 })
    const forever: Partial<PeerStreamsInit> = { onRequest: () => new Promise(() => undefined) }
    const [bob, carol] = await Promise.all([network.join(BOB, forever), network.join(CAROL)])
    const pending = alice.request(BOB, null)
    await until(() => bob.peers().length === 1)
    expect(reason(await carol.request(ALICE, null))).to.equal('unreachable')
    expect(network.refusals).to.include('overloaded')
    await alice.stop()
    expect(reason(await pending)).to.equal('unreachable')
  })

  it('take a connection of their own when asked to, and close it with the stream', async () => {
    const network = new Network()
    const alice = await network.join(ALICE, { dedicatedConnection: true })
    await network.join(BOB)
    await alice.request(BOB, null)
    expect(network.dials[0]?.force).to.equal(true)
    await alice.disconnect(BOB)
    await until(() => network.closedConnections === 1)
  })

  it('use a newer inbound stream in place of an older one', async () => {
    const network = new Network()
    const [alice, bob] = await Promise.all([network.join(ALICE), network.join(BOB)])
    await alice.request(BOB, 1)
    await alice.disconnect(BOB)
    await alice.request(BOB, 2)
    expect(bob.peers()).to.deep.equal([ALICE])
    expect(reason(await bob.request(ALICE, 3))).to.equal(null)
  })

  it('keep the room for bodies for those who may bring some, whatever others announce', async () => {
    const network = new Network()
    const bytes = 1 << 20
    const admitBody: PeerStreamsInit['admitBody'] = from => (from === BOB ? null : refuse('no-seat'))
    await network.join(ALICE, { admitBody, maxBodyBytes: bytes })
    const head = encodeHead({ header: null, body: { bytes, digest: new Uint8Array(32) } })
    const stranger = await network.openRaw(CAROL, ALICE)
    await stranger.write([[framePrefix('request', 1), head]])
    await stranger.write([[framePrefix('note', 2), head]])
    await until(() => network.refusals.length === 2)
    expect(network.refusals).to.deep.equal(['no-seat', 'no-seat'])
    const bob = await network.join(BOB)
    expect(reason(await bob.request(ALICE, 'x', new Uint8Array(bytes)))).to.equal(null)
    // What comes of a body that is not taken is ignored.
    await stranger.write([[framePrefix('body', 1), new Uint8Array(10)]])
    await stranger.write([[framePrefix('request', 3), encodeHead({ header: 3, body: null })]])
    const frames = [await stranger.read(), await stranger.read()]
    expect(frames.map(frame => frame?.[0])).to.deep.equal([6, 4])
  })

  it('bring notes, and refuse everything after a stop, which leaves no timer behind', async () => {
    const network = new Network()
    const seen: unknown[] = []
    const note = async (header: unknown): Promise<Refusal | null> => {
      seen.push(header)
      return null
    }
    const [alice, bob] = await Promise.all([network.join(ALICE), network.join(BOB, { onNote: note })])
    expect(await alice.notify(BOB, 'hello')).to.equal(null)
    await until(() => seen.length === 1)
    await Promise.all([alice.stop(), bob.stop()])
    expect(reason(await alice.request(BOB, null))).to.equal('aborted')
    await until(() => network.clock.timers === 0)
  })

  it('drop the stream of a dial that ends after a disconnect', async () => {
    const network = new Network()
    const [alice, bob] = await Promise.all([network.join(ALICE), network.join(BOB)])
    const late = alice.request(BOB, null)
    await alice.disconnect(BOB)
    expect(reason(await late)).to.equal('unreachable')
    await until(() => bob.peers().length === 0)
    expect(alice.peers()).to.deep.equal([])
  })
})
