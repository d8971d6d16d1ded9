import { expect } from 'chai'
import fc from 'fast-check'
import { SHORT_FRAME_BYTES } from '../../../../protocols/wire/constants.ts'
import { concatBytes, FrameError, FrameStream } from '../../../../protocols/wire/index.ts'
import { endPairs, streamPair, until } from './pairs.ts'

const MIB = 1 << 20
const pattern = (length: number, seed = 0): Uint8Array => Uint8Array.from({ length }, (_, index) => index * 31 + seed)

async function readAll(stream: FrameStream): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for (let frame = await stream.read(); frame !== null; frame = await stream.read()) frames.push(frame)
  return frames
}

async function errorOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof FrameError)) throw new Error(`no FrameError but ${String(error)}`)
  return error.reason
}

describe('frame streams', () => {
  afterEach(endPairs)

  it('carry frames of any length in order, given as any parts, until the other side closes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 3 }), { maxLength: 8 }),
        async frames => {
          const [a, b] = await streamPair()
          const [writer, reader] = [new FrameStream(a), new FrameStream(b)]
          await writer.write(frames)
          await writer.close()
          expect(await readAll(reader)).to.deep.equal(frames.map(concatBytes))
        },
      ),
      { numRuns: 20 },
    )
  })

  it('carry a frame of the largest size, and frames of both sides at a time', async () => {
    const [a, b] = await streamPair()
    const [left, right] = [new FrameStream(a), new FrameStream(b)]
    const big = pattern(4 * MIB)
    const [, , fromLeft, fromRight] = await Promise.all([
      left.write([[big]]),
      right.write([[big]]),
      right.read(),
      left.read(),
    ])
    expect(Buffer.compare(fromLeft!, big)).to.equal(0)
    expect(Buffer.compare(fromRight!, big)).to.equal(0)
  })

  it('put the length first, as u32 little-endian', async () => {
    const [a, b] = await streamPair()
    const received: Uint8Array[] = []
    b.addEventListener('message', event => received.push(event.data.subarray()))
    await new FrameStream(a).write([[Uint8Array.of(7, 8)], [Uint8Array.of(9)]])
    await until(() => concatBytes(received).byteLength === 11)
    expect([...concatBytes(received)]).to.deep.equal([2, 0, 0, 0, 7, 8, 1, 0, 0, 0, 9])
  })

  it('stop a writer whose reader does not read, and go on when it does', async () => {
    const [a, b] = await streamPair()
    const [writer, reader] = [new FrameStream(a), new FrameStream(b)]
    const total = 60
    let written = 0
    const writing = (async () => {
      for (; written < total; written++) await writer.write([[new Uint8Array(MIB).fill(written)]])
    })()
    let before = -1
    while (written !== before) {
      before = written
      for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    const heldMib = (reader.queuedBytes + b.readBufferLength + writer.unsentBytes) / MIB
    expect(written).to.be.below(32)
    expect(heldMib).to.be.below(32)
    for (let index = 0; index < total; index++) {
      const frame = await reader.read()
      expect(frame?.[0]).to.equal(index & 255)
    }
    await writing
  })

  it('bound a flood of empty frames like any other', async () => {
    const [a, b] = await streamPair()
    const reader = new FrameStream(b, { highWaterBytes: 64 * 1024 })
    a.send(new Uint8Array(200_000))
    await until(() => b.readStatus === 'paused')
    expect(reader.queuedBytes).to.be.at.least(64 * 1024)
    expect(await reader.read()).to.deep.equal(new Uint8Array(0))
  })

  it('reset the stream for a frame beyond the limit', async () => {
    const [a, b] = await streamPair()
    const reader = new FrameStream(b, { maxFrameBytes: 100 })
    const writer = new FrameStream(a)
    await writer.write([[pattern(100)], [pattern(101)]])
    expect((await reader.read())?.byteLength).to.equal(100)
    expect(await errorOf(reader.read())).to.equal('too-large')
    await until(() => a.status !== 'open')
    expect(await errorOf(writer.write([[pattern(1)]]))).to.equal('unreachable')
  })

  it('pass over long frames where they are not kept, asked at each, and make no room for them', async () => {
    const [a, b] = await streamPair()
    let keepsLong = false
    const reader = new FrameStream(b, { keepsLong: () => keepsLong })
    const writer = new FrameStream(a)
    await writer.write([[new Uint8Array(SHORT_FRAME_BYTES + 1)], [new Uint8Array(SHORT_FRAME_BYTES)]])
    expect((await reader.read())?.byteLength).to.equal(SHORT_FRAME_BYTES)
    keepsLong = true
    await writer.write([[new Uint8Array(SHORT_FRAME_BYTES + 1)]])
    expect((await reader.read())?.byteLength).to.equal(SHORT_FRAME_BYTES + 1)
    expect(reader.queuedBytes).to.equal(0)
  })

  it('call a stream that ends within a frame malformed', async () => {
    const [a, b] = await streamPair()
    const reader = new FrameStream(b)
    a.send(Uint8Array.of(5, 0, 0, 0, 1))
    await a.close()
    expect(await errorOf(reader.read())).to.equal('bad-encoding')
  })

  it('stop a read at the signal and lose nothing by it', async () => {
    const [a, b] = await streamPair()
    const [writer, reader] = [new FrameStream(a), new FrameStream(b)]
    const controller = new AbortController()
    const reading = errorOf(reader.read({ signal: controller.signal }))
    controller.abort()
    expect(await reading).to.equal('aborted')
    await writer.write([[pattern(3)]])
    expect(await reader.read()).to.deep.equal(pattern(3))
  })

  it('stop a write at the signal: unharmed before its first byte, reset within it', async () => {
    const [a, b] = await streamPair()
    const writer = new FrameStream(a)
    const reader = new FrameStream(b, { highWaterBytes: MIB })
    expect(await errorOf(writer.write([[pattern(3)]], { signal: AbortSignal.abort() }))).to.equal('aborted')
    await writer.write([[pattern(5)]])
    expect((await reader.read())?.byteLength).to.equal(5)
    const controller = new AbortController()
    // More than window, queue and buffer hold, so that it must wait.
    const writing = (async () => {
      for (;;) await writer.write([[pattern(4 * MIB)]], { signal: controller.signal })
    })()
    await until(() => b.readStatus === 'paused' && a.writableNeedsDrain)
    controller.abort()
    expect(await errorOf(writing)).to.equal('aborted')
  })

  it('refuse more waiting writes than allowed', async () => {
    const [a] = await streamPair()
    const writer = new FrameStream(a)
    const results = await Promise.allSettled(Array.from({ length: 70 }, () => writer.write([[pattern(1)]])))
    const refused = results
      .filter(result => result.status === 'rejected')
      .map(result => (result.reason as FrameError).reason)
    expect(refused).to.deep.equal(Array.from({ length: 6 }, () => 'overloaded'))
  })

  it('end all reads and writes when the other side resets', async () => {
    const [a, b] = await streamPair()
    const reader = new FrameStream(b)
    const reading = errorOf(reader.read())
    a.abort(new Error('gone'))
    expect(await reading).to.equal('unreachable')
    expect(await errorOf(reader.write([[pattern(1)]]))).to.equal('unreachable')
  })
})
