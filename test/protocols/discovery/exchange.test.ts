import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { lpStream, streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import {
  EXCHANGE_ASKERS_MAX,
  EXCHANGE_RECORDS_MAX,
  EXCHANGE_REQUEST_MAX_BYTES,
  EXCHANGE_REQUESTS_MAX,
  EXCHANGE_TIMEOUT_MS,
  EXCHANGE_WINDOW_MS,
} from '../../../protocols/discovery/constants.ts'
import { decodeRequest, Exchange, RequestLimiter } from '../../../protocols/discovery/exchange.ts'
import { recordBook } from '../../../protocols/discovery/index.ts'
import { encode } from '../../../protocols/wire/cbor.ts'
import { settle, VirtualClock } from './virtual-clock.ts'
import {
  codecOf,
  componentsOf,
  envelopeOf,
  FakeRegistrar,
  name,
  OTHER_RUN,
  PEERS,
  RUN,
  record,
  seatsOf,
} from './world.ts'

const signal = new AbortController().signal

/** Two peers; what `asker` opens arrives at `answerer`, unless a test takes the other end. */
const pair = async (run = RUN, take?: (stream: Stream) => void) => {
  const clock = new VirtualClock()
  const refused: string[] = []
  const books = [0, 1].map(() =>
    recordBook({ run, stages: 64, seats: seatsOf([name(0), name(1)]), codec: codecOf(name(0)) }),
  )
  const [askers, answerers] = books
  if (askers === undefined || answerers === undefined) throw new Error('two books')
  const registrar = new FakeRegistrar()
  const connection = { remotePeer: PEERS[0] as PeerId } as Connection
  const hooks = { run, onRefused: (reason: string) => refused.push(reason), onPeer: () => {} }
  const answerer = new Exchange(componentsOf(PEERS[1] as PeerId, clock, { registrar }), { ...hooks, book: answerers })
  await answerer.start()
  const connectionManager = {
    getConnections: () => [],
    openStream: async () => {
      const [near, far] = await streamPair()
      if (take === undefined) void registrar.handler?.(far, connection)
      else take(far)
      return near
    },
  }
  const asker = new Exchange(componentsOf(PEERS[0] as PeerId, clock, { connectionManager }), {
    ...hooks,
    run: RUN,
    book: askers,
  })
  return { clock, refused, asker, answerer, askers, answerers, registrar, connection }
}

describe('the limiter of requests', () => {
  it('remembers a bounded number of peers, of whose leaving nobody may tell', () => {
    const limiter = new RequestLimiter(new VirtualClock())
    for (let peer = 0; peer < 2 * EXCHANGE_ASKERS_MAX; peer++) limiter.allow(`peer ${peer}`)
    expect(limiter.size).to.equal(EXCHANGE_ASKERS_MAX)
  })
})

describe('the exchange of records', () => {
  it('brings what a peer knows of a stage, or of all', async () => {
    const { asker, askers, answerers } = await pair()
    await answerers.admit(envelopeOf(name(1), record(1)), null)
    await answerers.admit(envelopeOf(name(2), record(1, { stage: 3 })), null)
    await asker.ask(name(1), 3, signal)
    expect(askers.size).to.equal(1)
    await asker.ask(name(1), null, signal)
    expect(askers.size).to.equal(2)
  })

  it('answers with a bounded number, seats first', async () => {
    const { asker, askers, answerers } = await pair()
    await answerers.admit(envelopeOf(name(1), record(1)), null)
    for (let index = 0; index < 2 * EXCHANGE_RECORDS_MAX; index++) {
      await answerers.admit(envelopeOf(`stranger${index}`, record(1)), null)
    }
    await asker.ask(name(1), null, signal)
    expect(askers.size).to.equal(EXCHANGE_RECORDS_MAX)
    expect(askers.recordOf(name(1), 0)).to.not.equal(null)
  })

  it('tells nothing about another run, and counts the question', async () => {
    const { asker, askers, answerers, refused } = await pair(OTHER_RUN)
    await answerers.admit(envelopeOf(name(1), record(1, { run: OTHER_RUN })), null)
    await asker.ask(name(1), null, signal)
    expect(askers.size).to.equal(0)
    expect(refused).to.deep.equal(['wrong-run'])
  })

  it('answers a peer only so often in a window', async () => {
    const { asker, answerers, askers, refused, clock } = await pair()
    for (let index = 0; index <= EXCHANGE_REQUESTS_MAX; index++) await asker.ask(name(1), null, signal)
    expect(refused).to.deep.equal(['overloaded'])
    await answerers.admit(envelopeOf(name(1), record(1)), null)
    await clock.advance(EXCHANGE_WINDOW_MS)
    await asker.ask(name(1), null, signal)
    expect(askers.size).to.equal(1)
  })

  it('counts an answer that is no list of records', async () => {
    const answer = async (stream: Stream): Promise<void> => {
      const frames = lpStream(stream)
      await frames.read()
      await frames.write(encode({ not: 'a list' }))
    }
    const { asker, refused } = await pair(RUN, stream => void answer(stream))
    await asker.ask(name(1), null, signal)
    expect(refused).to.deep.equal(['bad-encoding'])
  })

  it('gives up on a peer that does not answer', async () => {
    const { asker, clock } = await pair(RUN, () => {})
    const asked = asker.ask(name(1), null, signal).then(
      () => null,
      error => error,
    )
    await settle()
    await clock.advance(EXCHANGE_TIMEOUT_MS)
    expect(await asked).to.be.instanceOf(Error)
    expect(clock.timers).to.equal(0)
  })

  it('resets the stream of a peer that asks with too many bytes, or never finishes asking', async () => {
    const { registrar, connection, clock } = await pair()
    const [loud, loudFar] = await streamPair()
    const [silent, silentFar] = await streamPair()
    const handled = [registrar.handler?.(loudFar, connection), registrar.handler?.(silentFar, connection)]
    await lpStream(loud).write(new Uint8Array(EXCHANGE_REQUEST_MAX_BYTES + 1))
    await settle()
    await clock.advance(EXCHANGE_TIMEOUT_MS)
    await Promise.all(handled)
    expect(loudFar.status).to.equal('aborted')
    expect(silentFar.status).to.equal('aborted')
    expect(silent.status).to.not.equal('open')
  })

  for (const [what, bytes] of [
    ['garbage', Uint8Array.of(0xff)],
    ['a list', encode([])],
    ['another field', encode({ run: RUN, stage: 0, x: 1 })],
    ['a negative stage', encode({ run: RUN, stage: -1 })],
    ['no run id', encode({ run: 'x', stage: 0 })],
  ] as const) {
    it(`takes ${what} for no request`, () => expect(decodeRequest(bytes)).to.equal(null))
  }
})
