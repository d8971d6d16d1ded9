import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { STRANGER_FRAME_MAX_BYTES, STREAM_WINDOW_WIDE_BYTES } from '../../../node/network/constants.ts'
import { Liveness } from '../../../node/network/liveness.ts'
import { sparingYamux } from '../../../node/network/muxer.ts'
import { ManualClock, until } from '../../protocols/wire/frames/pairs.ts'

const MESSAGES = 100
const MIB = 1024 * 1024

type Muxing = (connection: MultiaddrConnection) => StreamMuxer

describe('yamux that is sparing with frames', () => {
  let connections: readonly MultiaddrConnection[]
  let near: Stream
  let far: Stream
  /** Times that the receiving end sent something. */
  let answers: number
  let receivedBytes: number

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
    receivedBytes = 0
    far.addEventListener('message', ({ data }) => {
      receivedBytes += data.byteLength
    })
    near.send(new Uint8Array(1))
    await until(() => receivedBytes === 1)
    answers = 0
    const send = inbound.send.bind(inbound)
    inbound.send = data => {
      answers++
      return send(data)
    }
  })

  afterEach(() => {
    for (const connection of connections) connection.abort(new Error('the test is over'))
  })

  it('answers small messages with no frame', async () => {
    for (let message = 0; message < MESSAGES; message++) near.send(new Uint8Array(500))
    await until(() => receivedBytes === 1 + MESSAGES * 500)
    expect(answers).to.equal(0)
  })

  it('gives windows back in time: what is larger than one arrives', async () => {
    const bytes = 5 * STREAM_WINDOW_WIDE_BYTES
    near.send(new Uint8Array(bytes))
    await until(() => receivedBytes === 1 + bytes)
    expect(answers).to.be.within(1, 20)
  })

  it('gives back what came while the reader paused, once it goes on', async () => {
    far.pause()
    near.send(new Uint8Array(2 * STREAM_WINDOW_WIDE_BYTES))
    await new Promise(resolve => setImmediate(resolve))
    far.resume()
    await until(() => receivedBytes === 1 + 2 * STREAM_WINDOW_WIDE_BYTES)
  })
})

describe('yamux that is sparing with frames, and another implementation', () => {
  const BYTES = 5 * MIB
  let connections: readonly MultiaddrConnection[] = []

  afterEach(() => {
    for (const connection of connections) connection.abort(new Error('the test is over'))
  })

  /** Opens a stream at the first, sends, and resolves with what came to the other. */
  const carry = async (from: Muxing, to: Muxing): Promise<number> => {
    const [outbound, inbound] = multiaddrConnectionPair()
    connections = [outbound, inbound]
    let receivedBytes = 0
    const [local, remote] = [from(outbound), to(inbound)]
    remote.addEventListener('stream', ({ detail: stream }) => {
      stream.addEventListener('message', ({ data }) => {
        receivedBytes += data.byteLength
      })
    })
    const stream = await local.createStream()
    stream.send(new Uint8Array(BYTES))
    await until(() => receivedBytes === BYTES || stream.status !== 'open')
    return receivedBytes
  }

  const ours: Muxing = connection => sparingYamux(new Liveness(new ManualClock()))().createStreamMuxer(connection)
  /** Windows as the specification has them, to begin with. */
  const others: Muxing = connection => yamux({ enableKeepAlive: false })().createStreamMuxer(connection)

  it('is given room before it has used up the window that it knows of', async () => {
    expect(await carry(others, ours)).to.equal(BYTES)
  })

  it('may close its half with the frame that carries its last bytes', async () => {
    const [outbound, inbound] = multiaddrConnectionPair()
    connections = [outbound, inbound]
    const events: string[] = []
    ours(inbound).addEventListener('stream', ({ detail: stream }) => {
      stream.addEventListener('message', ({ data }) => events.push(`${data.byteLength} bytes`))
      stream.addEventListener('remoteCloseWrite', () => events.push('closed'))
    })
    const [data, syn, fin] = [0, 1, 4]
    outbound.send(Uint8Array.from([0, data, 0, syn | fin, 0, 0, 0, 1, 0, 0, 0, 3, 7, 7, 7]))
    await until(() => events.includes('closed'))
    expect(events).to.deep.equal(['3 bytes', 'closed'])
  })

  it('is sent no frame that is longer than strangers may send', async () => {
    const [outbound, inbound] = multiaddrConnectionPair()
    connections = [outbound, inbound]
    const lengths: number[] = []
    const muxer = ours(outbound)
    const accepted = new Promise<Stream>(resolve =>
      ours(inbound).addEventListener('stream', event => resolve(event.detail), { once: true }),
    )
    const near = await muxer.createStream()
    const far = await accepted
    let receivedBytes = 0
    far.addEventListener('message', ({ data }) => {
      receivedBytes += data.byteLength
    })
    near.send(new Uint8Array(1))
    await until(() => receivedBytes === 1)
    const send = outbound.send.bind(outbound)
    outbound.send = data => {
      lengths.push(data.byteLength)
      return send(data)
    }
    near.send(new Uint8Array(4 * MIB))
    await until(() => receivedBytes === 1 + 4 * MIB)
    expect(Math.max(...lengths)).to.be.within(MIB, STRANGER_FRAME_MAX_BYTES)
  })

  it('is sent no more than it allows', async () => {
    expect(await carry(ours, others)).to.equal(BYTES)
  })
})
