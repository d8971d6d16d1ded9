import { hash } from 'node:crypto'
import { expect } from 'chai'
import { HashThread } from '../../../node/peer/hash-thread.ts'

const MIB = 1024 * 1024
/** More than is hashed on the spot. */
const MANY = 20

const pattern = (seed: number, bytes = MIB): Uint8Array<ArrayBuffer> =>
  new Uint8Array(bytes).map((_, index) => index * 7 + (index >> 8) + seed)
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', bytes, 'buffer'))

describe('hashing in a thread', () => {
  let hashing: HashThread
  const open = (init?: ConstructorParameters<typeof HashThread>[0]): void => {
    hashing = new HashThread(init)
  }
  const owned = (bytes: Uint8Array, options?: { signal?: AbortSignal }) => hashing.digest.owned!(bytes, options)
  /** Until the thread is wanted. */
  const fill = async (): Promise<void> => {
    for (let index = 0; index < MANY; index++) await owned(new Uint8Array(MIB)).catch(() => undefined)
  }

  afterEach(() => hashing.close())

  it('gives the bytes back with their hash, from here at first and then from the thread', async () => {
    open()
    await owned(pattern(1))
    expect(hashing.isRunning, 'for a little').to.equal(false)
    const results = await Promise.all(Array.from({ length: MANY }, (_, seed) => owned(pattern(seed))))
    expect(hashing.isRunning).to.equal(true)
    for (const [seed, { bytes, hash: found }] of results.entries()) {
      expect(Buffer.compare(bytes, pattern(seed))).to.equal(0)
      expect(found).to.deep.equal(sha256(pattern(seed)))
    }
  })

  it('takes a part of a buffer, without a copy, and gives back that part', async () => {
    open()
    await fill()
    const whole = pattern(3, MIB + 8)
    const part = whole.subarray(8)
    const { bytes, hash: found } = await owned(part)
    expect(part.byteLength, 'handed over').to.equal(0)
    expect([bytes.byteOffset, bytes.byteLength]).to.deep.equal([8, MIB])
    expect(found).to.deep.equal(sha256(pattern(3, MIB + 8).subarray(8)))
  })

  it('hashes what is short on the spot, and what is not handed over as ever', async () => {
    open({ program: `require('node:worker_threads').parentPort.on('message', () => {})` })
    for (let index = 0; index < 100; index++) await owned(pattern(index, 200 * 1024))
    expect(hashing.isRunning).to.equal(false)
    expect(await hashing.digest(pattern(4))).to.deep.equal(sha256(pattern(4)))
  })

  it('ends the thread when nothing comes any more, and starts it again', async () => {
    open({ idleMs: 1 })
    while (!hashing.isRunning) await Promise.all(Array.from({ length: MANY }, (_, seed) => owned(pattern(seed))))
    while (hashing.isRunning) await new Promise(resolve => setImmediate(resolve))
    while (!hashing.isRunning) await Promise.all(Array.from({ length: MANY }, (_, seed) => owned(pattern(seed))))
  })

  it('tells those who wait that the thread ended, and goes on without one', async () => {
    open({ program: `require('node:worker_threads').parentPort.on('message', () => process.exit(3))` })
    let failure: unknown = null
    for (let index = 0; index < MANY; index++) await owned(pattern(index)).catch((error: unknown) => (failure = error))
    expect(String(failure)).to.include('exit code 3')
    expect((await owned(pattern(5))).hash).to.deep.equal(sha256(pattern(5)))
    expect(hashing.isRunning).to.equal(false)
  })

  it('tells those who wait that it was closed, and takes nothing for a caller who has given up', async () => {
    open({ program: `require('node:worker_threads').parentPort.on('message', () => {})` })
    const results = Array.from({ length: MANY }, (_, seed) => owned(pattern(seed)).catch((error: unknown) => error))
    expect(hashing.isRunning).to.equal(true)
    await hashing.close()
    expect(String((await Promise.all(results)).at(-1))).to.include('ended')
    const given = pattern(6)
    const refused = await owned(given, { signal: AbortSignal.abort() }).catch((error: unknown) => error)
    expect([refused instanceof Error, given.byteLength]).to.deep.equal([true, MIB])
  })
})
