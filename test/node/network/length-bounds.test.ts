import { lpStream } from '@libp2p/utils'
import { expect } from 'chai'
import { Uint8ArrayList } from 'uint8arraylist'
import { boundLengths, LENGTH_MAX_BYTES } from '../../../node/network/length-bounds.ts'
import { endPairs, streamPair } from '../../protocols/wire/frames/pairs.ts'

const MIB = 1 << 20

describe('the length before a message', () => {
  before(boundLengths)
  afterEach(endPairs)

  it('is refused as soon as it is longer than any', async () => {
    const [near, far] = await streamPair()
    near.send(new Uint8Array(MIB).fill(0x80))
    const beganMs = performance.now()
    const failure: unknown = await lpStream(far, { maxDataLength: 1024 })
      .read({ signal: AbortSignal.timeout(5_000) })
      .catch(error => error)
    expect(failure).to.have.property('message', 'a length without an end')
    expect(performance.now() - beganMs).to.be.below(1_000)
  })

  it('is taken where it has an end, and what comes after it is any bytes', async () => {
    const [near, far] = await streamPair()
    const message = new Uint8Array(300).fill(0xff)
    await lpStream(near).write(message)
    expect((await lpStream(far).read()).subarray()).to.deep.equal(message)
  })

  it('is told from lists of other parts', () => {
    const parts = new Uint8ArrayList()
    for (let index = 0; index < LENGTH_MAX_BYTES; index++) parts.append(Uint8Array.of(index === 3 ? 0x7f : 0xff))
    const longer = new Uint8ArrayList()
    for (let index = 0; index < LENGTH_MAX_BYTES / 2; index++) longer.append(Uint8Array.of(0xff, 0xff))
    expect([parts.byteLength, longer.byteLength]).to.deep.equal([LENGTH_MAX_BYTES, LENGTH_MAX_BYTES])
  })
})
