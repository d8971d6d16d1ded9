import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { expect } from 'chai'
import { PINGS_UNREAD_MAX_BYTES } from '../../../node/network/constants.ts'
import { Liveness } from '../../../node/network/liveness.ts'
import { sparingYamux } from '../../../node/network/muxer.ts'
import { pings } from '../../../node/network/pings.ts'
import { ManualClock, until } from '../../protocols/wire/frames/pairs.ts'

const PING_BYTES = 32

describe('answers to pings', () => {
  let connections: readonly MultiaddrConnection[]
  let near: Stream
  let far: Stream
  let answeredBytes: number
  /** Every time-out that was asked for since the test began. */
  let timeouts: AbortController[]
  const { timeout } = AbortSignal

  beforeEach(async () => {
    const [outbound, inbound] = multiaddrConnectionPair()
    connections = [outbound, inbound]
    const liveness = new Liveness(new ManualClock())
    const muxerOf = (connection: MultiaddrConnection): StreamMuxer =>
      sparingYamux(liveness)().createStreamMuxer(connection)
    const [local, remote] = [muxerOf(outbound), muxerOf(inbound)]
    const accepted = new Promise<Stream>(resolve =>
      remote.addEventListener('stream', event => resolve(event.detail), { once: true }),
    )
    near = await local.createStream()
    far = await accepted
    answeredBytes = 0
    near.addEventListener('message', ({ data }) => {
      answeredBytes += data.byteLength
    })
    timeouts = []
    AbortSignal.timeout = () => {
      const controller = new AbortController()
      timeouts.push(controller)
      return controller.signal
    }
  })

  const answer = (): void => {
    const service: object = pings()(Object.create(null))
    if (!('handlePing' in service) || typeof service.handlePing !== 'function') throw new Error('no part that answers')
    void service.handlePing(far, { remotePeer: 'near' })
  }

  afterEach(() => {
    AbortSignal.timeout = timeout
    for (const connection of connections) connection.abort(new Error('the test is over'))
  })

  it('come again on the same stream, however late the next ping is', async () => {
    answer()
    near.send(new Uint8Array(PING_BYTES))
    await until(() => answeredBytes === PING_BYTES)
    for (const controller of timeouts) controller.abort()
    near.send(new Uint8Array(PING_BYTES))
    await until(() => answeredBytes === 2 * PING_BYTES || near.status !== 'open')
    expect(answeredBytes).to.equal(2 * PING_BYTES)
  })

  it('are complete where the other end has closed its half after the last ping', async () => {
    answer()
    near.send(new Uint8Array(PING_BYTES))
    await near.close()
    await until(() => near.status !== 'open' && far.status !== 'open')
    expect(answeredBytes).to.equal(PING_BYTES)
    expect([near.status, far.status]).to.deep.equal(['closed', 'closed'])
  })

  it('are complete where all of that came before anybody listened', async () => {
    near.send(new Uint8Array(PING_BYTES))
    await near.close()
    await until(() => far.remoteWriteStatus === 'closed')
    answer()
    await until(() => far.status !== 'open')
    await until(() => near.status !== 'open')
    expect(answeredBytes).to.equal(PING_BYTES)
  })

  it('are given up where nobody reads them', async () => {
    answer()
    near.pause()
    for (let sent = 0; far.status === 'open' && sent < 1_000; sent++) {
      near.send(new Uint8Array(PINGS_UNREAD_MAX_BYTES))
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(far.status).to.equal('aborted')
  })
})
