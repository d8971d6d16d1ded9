import { expect } from 'chai'
import { MAX_WAITING, SHORT_FRAME_BYTES } from '../../../../protocols/wire/constants.ts'
import {
  type Digest,
  encodeHead,
  FrameStream,
  framePrefix,
  type Handlers,
  hashHex,
  hexBytes,
  isRefusal,
  type Message,
  type Refusal,
  RequestStream,
  type RequestStreamLimits,
  refuse,
  smallHash,
} from '../../../../protocols/wire/index.ts'
import { vectors } from '../vectors.ts'
import { digest, endPairs, ManualClock, streamPair, until } from './pairs.ts'

const MIB = 1 << 20

interface Ends {
  readonly client: RequestStream
  readonly server: RequestStream
  readonly clock: ManualClock
  /** Reasons counted at the server. */
  readonly refusals: string[]
}

async function connect(handlers: Handlers, limits: Partial<RequestStreamLimits> = {}): Promise<Ends> {
  const [a, b] = await streamPair()
  const clock = new ManualClock()
  const refusals: string[] = []
  const client = new RequestStream(a, { clock, digest, peer: 'server', limits, onRefusal: () => undefined })
  const server = new RequestStream(b, {
    clock,
    digest,
    peer: 'client',
    limits,
    onRefusal: reason => refusals.push(reason),
    ...handlers,
  })
  return { client, server, clock, refusals }
}

/** One end speaks raw frames. */
async function rawAgainst(
  handlers: Handlers,
  limits: Partial<RequestStreamLimits> = {},
): Promise<{ raw: FrameStream; refusals: string[]; server: RequestStream; clock: ManualClock }> {
  const [a, b] = await streamPair()
  const refusals: string[] = []
  const clock = new ManualClock()
  const server = new RequestStream(b, {
    clock,
    digest,
    peer: 'client',
    limits,
    onRefusal: reason => refusals.push(reason),
    ...handlers,
  })
  return { raw: new FrameStream(a), refusals, server, clock }
}

const echo: Handlers = {
  onRequest: async (header, body, context) => ({ header, body, ...(context.digest && { digest: context.digest }) }),
}
const pattern = (length: number, seed = 0): Uint8Array => new Uint8Array(length).map((_, index) => index * 7 + seed)
const reason = (result: Message | Refusal | null): string | null => (isRefusal(result) ? result.refused : null)

function answered(result: Message | Refusal): Message {
  if (isRefusal(result)) throw new Error(`${result.refused}: ${result.detail}`)
  return result
}

describe('request streams', () => {
  afterEach(endPairs)

  it('frees the body of a request once its handler is done, where the protocol keeps nothing of it', async () => {
    const bodies: Uint8Array[] = []
    const lengths: number[] = []
    const onRequest: Handlers['onRequest'] = async (header, body) => {
      bodies.push(body)
      lengths.push(body.length)
      return { header }
    }
    for (const areBodiesSpent of [true, false]) {
      const { client, server } = await connect({ onRequest, areBodiesSpent }, { openBodyBytes: 3 * MIB })
      // One chunk, several chunks, none; more in all than may be open at a time.
      for (const length of [10, 2 * MIB, 0, 2 * MIB]) answered(await client.request('x', pattern(length)))
      await until(() => server.openRequests === 0)
    }
    const sizes = [10, 2 * MIB, 0, 2 * MIB]
    expect(lengths).to.deep.equal([...sizes, ...sizes])
    expect(bodies.map(body => body.length)).to.deep.equal([0, 0, 0, 0, ...sizes])
  })

  it('bring every answer to its request, whatever the order and size', async () => {
    const { client } = await connect(echo)
    const sizes = [0, 1, 1000, MIB, MIB + 1, 3 * MIB + 5, 10]
    const results = await Promise.all(sizes.map((size, index) => client.request({ index }, pattern(size, index))))
    for (const [index, size] of sizes.entries()) {
      const { header, body, digest: hash } = answered(results[index]!)
      expect(header).to.deep.equal({ index })
      expect(Buffer.compare(body, pattern(size, index))).to.equal(0)
      expect(hash).to.deep.equal(size === 0 ? null : smallHash(body))
    }
    expect(client.openRequests).to.equal(0)
  })

  it('work in both directions on one stream', async () => {
    const [a, b] = await streamPair()
    const clock = new ManualClock()
    const make = (stream: typeof a, peer: string): RequestStream =>
      new RequestStream(stream, {
        clock,
        digest,
        peer,
        onRefusal: () => undefined,
        onRequest: async () => ({ header: `from the peer of ${peer}` }),
      })
    const [left, right] = [make(a, 'right'), make(b, 'left')]
    const [one, two] = await Promise.all([left.request(1), right.request(1)])
    expect(answered(one).header).to.equal('from the peer of left')
    expect(answered(two).header).to.equal('from the peer of right')
  })

  it('bring notes in order', async () => {
    const seen: unknown[] = []
    const { client } = await connect({
      onNote: async header => {
        seen.push(header)
        return null
      },
    })
    const sent = await Promise.all(Array.from({ length: 300 }, (_, index) => client.notify(index)))
    expect(sent.every(result => result === null)).to.equal(true)
    await until(() => seen.length === 300)
    expect(seen).to.deep.equal(Array.from({ length: 300 }, (_, index) => index))
  })

  it('bring refusals as values, count them, and refuse what has no handler', async () => {
    const { client, refusals } = await connect({ onRequest: async () => refuse('stale-round', 'round 3 is decided') })
    expect(await client.request(null)).to.deep.equal(refuse('stale-round', 'round 3 is decided'))
    await client.notify(null)
    await until(() => refusals.length === 2)
    expect(refusals).to.deep.equal(['stale-round', 'not-allowed'])
  })

  it('answer for a handler that throws, and count it', async () => {
    const { client, refusals } = await connect({
      onRequest: async () => {
        throw new Error('secret')
      },
    })
    expect(await client.request(null)).to.deep.equal(refuse('aborted', 'the handler failed'))
    expect(refusals).to.deep.equal(['aborted'])
  })

  it('give up at the deadline and at the signal, tell the other side, and leave no timer behind', async () => {
    const signals: AbortSignal[] = []
    const { client, server, clock } = await connect({
      onRequest: (_, __, { signal }) => {
        signals.push(signal)
        return new Promise(resolve => signal.addEventListener('abort', () => resolve({ header: null })))
      },
    })
    const controller = new AbortController()
    const late = client.request('late', undefined, { timeoutMs: 100 })
    const cancelled = client.request('cancelled', undefined, { signal: controller.signal })
    await until(() => signals.length === 2)
    clock.advance(100)
    expect(reason(await late)).to.equal('timed-out')
    controller.abort()
    expect(reason(await cancelled)).to.equal('aborted')
    await until(() => signals.every(signal => signal.aborted) && server.openRequests === 0)
    expect(clock.timers).to.equal(0)
  })

  it('let only so many requests be open, make others wait, and refuse beyond that', async () => {
    const release: (() => void)[] = []
    let most = 0
    const { client } = await connect(
      {
        onRequest: async () => {
          await new Promise<void>(resolve => release.push(resolve))
          most = Math.max(most, release.length)
          return { header: null }
        },
      },
      { openRequests: 2, waiting: 3 },
    )
    const results = Promise.all(Array.from({ length: 7 }, () => client.request(null)))
    for (let done = 0; done < 5; done++) {
      await until(() => release.length > done)
      expect(release.length - done).to.be.at.most(2)
      release[done]!()
    }
    expect((await results).map(reason).filter(one => one !== null)).to.deep.equal(['overloaded', 'overloaded'])
  })

  it('refuse bodies beyond the budget of the receiver, and go on', async () => {
    const [a, b] = await streamPair()
    const clock = new ManualClock()
    const refusals: string[] = []
    const client = new RequestStream(a, { clock, digest, peer: 'server', onRefusal: () => undefined })
    const limits = { openBodyBytes: 2 * MIB }
    new RequestStream(b, { clock, digest, peer: 'client', limits, onRefusal: one => refusals.push(one), ...echo })
    expect(reason(await client.request('big', pattern(3 * MIB)))).to.equal('overloaded')
    expect(answered(await client.request('small', pattern(MIB))).body.byteLength).to.equal(MIB)
    expect(refusals).to.deep.equal(['overloaded'])
  })

  it('refuse an answer that is longer than asked for', async () => {
    const { client } = await connect({ onRequest: async () => ({ header: null, body: pattern(5000) }) })
    expect(reason(await client.request(null, undefined, { maxAnswerBytes: 4999 }))).to.equal('too-large')
    expect(reason(await client.request(null, undefined, { maxAnswerBytes: 5000 }))).to.equal(null)
  })

  it('end every open request when the stream ends', async () => {
    const { client, server } = await connect({ onRequest: () => new Promise(() => undefined) })
    const open = Promise.all([client.request(1), client.request(2)])
    await until(() => server.openRequests === 2)
    await server.close()
    expect((await open).map(reason)).to.deep.equal(['unreachable', 'unreachable'])
    await client.closed
    expect(client.isOpen).to.equal(false)
    expect(reason(await client.request(3))).to.equal('unreachable')
  })

  it('let a small message pass a large body', async () => {
    const order: unknown[] = []
    const { client } = await connect({
      onRequest: async header => {
        order.push(header)
        return { header }
      },
    })
    const large = client.request('large', pattern(32 * MIB))
    await until(() => client.openRequests === 1)
    await new Promise(resolve => setImmediate(resolve))
    await Promise.all([client.request('small'), large])
    expect(order).to.deep.equal(['small', 'large'])
  })

  it('pause reading while too many notes are handled', async () => {
    const release: (() => void)[] = []
    const { client } = await connect(
      {
        onNote: async () => {
          await new Promise<void>(resolve => release.push(resolve))
          return null
        },
      },
      { openNotes: 2 },
    )
    const sending = Promise.all(Array.from({ length: 6 }, () => client.notify(null)))
    for (let done = 0; done < 6; done++) {
      await until(() => release.length > done)
      expect(release.length - done).to.be.at.most(2)
      release[done]!()
    }
    await sending
  })

  it('refuse a body that does not match its digest', async () => {
    const lying: Digest = async () => new Uint8Array(32)
    const [a, b] = await streamPair()
    const clock = new ManualClock()
    const refusals: string[] = []
    const client = new RequestStream(a, { clock, digest: lying, peer: 'server', onRefusal: () => undefined })
    new RequestStream(b, { clock, digest, peer: 'client', onRefusal: one => refusals.push(one), ...echo })
    expect(reason(await client.request(null, pattern(10)))).to.equal('wrong-hash')
    expect(refusals).to.deep.equal(['wrong-hash'])
  })

  it('keep the vectors in frames.json', async () => {
    const { request, body, cancel } = vectors('frames')
    const bytes = Uint8Array.of(1, 2, 3, 4)
    const head = encodeHead({ header: { kind: 'partition' }, body: { bytes: 4, digest: smallHash(bytes) } })
    expect(hashHex(framePrefix('request', 5)) + hashHex(head)).to.equal(request)
    expect(hashHex(framePrefix('cancel', 4_294_967_295))).to.equal(cancel)
    const received: unknown[] = []
    const { raw } = await rawAgainst({
      onRequest: async (header, content) => {
        received.push(header, [...content])
        return { header: null }
      },
    })
    await raw.write([[hexBytes(request)], [hexBytes(body)]])
    await raw.read()
    expect(received).to.deep.equal([{ kind: 'partition' }, [1, 2, 3, 4]])
  })

  const announce = encodeHead({ header: null, body: { bytes: 4, digest: new Uint8Array(32) } })
  const BROKEN: Readonly<Record<string, readonly (readonly Uint8Array[])[]>> = {
    'a frame shorter than its prefix': [[Uint8Array.of(1)]],
    'an unknown frame type': [[Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)]],
    'a reserved byte that is not zero': [[Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0)]],
    'a head that is not CBOR': [[framePrefix('request', 1), Uint8Array.of(0xff)]],
    'a head of another shape': [[framePrefix('request', 1), hexBytes('a0')]],
    'an id that is in use': [
      [framePrefix('request', 1), announce],
      [framePrefix('request', 1), announce],
    ],
    'a body longer than announced': [
      [framePrefix('request', 1), announce],
      [framePrefix('body', 1), new Uint8Array(5)],
    ],
    'an empty chunk': [
      [framePrefix('request', 1), announce],
      [framePrefix('body', 1), new Uint8Array(0)],
    ],
    'a refusal of unknown reason': [[framePrefix('refusal', 1), hexBytes('a0')]],
  }
  for (const [what, frames] of Object.entries(BROKEN)) {
    it(`reset for ${what}, and count it`, async () => {
      const { raw, refusals, server } = await rawAgainst(echo)
      await raw.write(frames)
      await server.closed
      expect(server.isOpen).to.equal(false)
      expect(refusals).to.have.length(1)
      expect(refusals[0]).to.be.oneOf(['bad-encoding', 'too-large'])
    })
  }

  it('pass over a long frame of who may bring no body, unless it was asked for something', async () => {
    const barred: Handlers = { ...echo, admitBody: () => refuse('no-seat') }
    const long = encodeHead({ header: new Uint8Array(SHORT_FRAME_BYTES), body: null })
    const short = encodeHead({ header: 'short', body: null })
    const { raw, server } = await rawAgainst(barred)
    await raw.write([
      [framePrefix('request', 1), long],
      [framePrefix('request', 2), short],
    ])
    // The id of what is answered.
    expect((await raw.read())?.[4]).to.equal(2)
    void server.request('anything')
    await raw.read()
    await raw.write([[framePrefix('request', 3), long]])
    expect((await raw.read())?.[4]).to.equal(3)
  })

  it('reset when refusals pile up that nobody reads', async () => {
    const [a, b] = await streamPair()
    const refusals: string[] = []
    const server = new RequestStream(b, {
      clock: new ManualClock(),
      digest,
      peer: 'client',
      onRefusal: reason => refusals.push(reason),
      admitBody: () => refuse('no-seat', 'x'.repeat(200)),
    })
    const raw = new FrameStream(a)
    a.pause()
    for (let id = 0; server.isOpen && id < 100 * MAX_WAITING; id += MAX_WAITING) {
      const heads = Array.from({ length: MAX_WAITING }, (_, index) => [framePrefix('request', id + index), announce])
      await raw.write(heads).catch(() => undefined)
      await new Promise(resolve => setImmediate(resolve))
    }
    await server.closed
    expect(refusals.at(-1)).to.equal('overloaded')
  })

  it('reset when an announced body does not arrive in time', async () => {
    const { raw, refusals, server, clock } = await rawAgainst(echo, { bodyTimeoutMs: 1000 })
    await raw.write([[framePrefix('request', 1), announce]])
    await until(() => clock.timers === 1)
    clock.advance(1000)
    await server.closed
    expect(refusals).to.deep.equal(['timed-out'])
    expect(clock.timers).to.equal(0)
  })

  it('ignore what comes for requests that are over', async () => {
    const { raw, server } = await rawAgainst(echo)
    await raw.write([
      [framePrefix('cancel', 7)],
      [framePrefix('answer', 7), hexBytes('ff')],
      [framePrefix('answerBody', 7), Uint8Array.of(1)],
    ])
    await raw.write([[framePrefix('request', 1), encodeHead({ header: 1, body: null })]])
    expect((await raw.read())?.[0]).to.equal(4)
    expect(server.isOpen).to.equal(true)
  })
})
