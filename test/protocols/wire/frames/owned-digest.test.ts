import { expect } from 'chai'
import { type Digest, isRefusal, type Message, type Refusal, RequestStream } from '../../../../protocols/wire/index.ts'
import { digest, endPairs, ManualClock, streamPair } from './pairs.ts'

const MIB = 1 << 20

const pattern = (length: number): Uint8Array => new Uint8Array(length).map((_, index) => index * 7)
const body = (result: Message | Refusal): Uint8Array | null => (isRefusal(result) ? null : result.body)
const reason = (result: Message | Refusal): string | null => (isRefusal(result) ? result.refused : null)

describe('request streams: bodies that are handed over to be hashed', () => {
  afterEach(endPairs)

  it('gives the body of an answer that comes back from a digest to which it was handed over', async () => {
    const [a, b] = await streamPair()
    const clock = new ManualClock()
    const refusals: string[] = []
    let other: 'same' | 'wrong' | 'lost' = 'same'
    const handing: Digest = Object.assign(async (bytes: Uint8Array) => digest(bytes), {
      owned: async (bytes: Uint8Array) => {
        const { byteOffset, byteLength } = bytes
        const taken = new Uint8Array((bytes.buffer as ArrayBuffer).transfer(), byteOffset, byteLength)
        if (other === 'lost') throw new Error('the thread ended')
        return { bytes: taken, hash: other === 'wrong' ? new Uint8Array(32) : await digest(taken) }
      },
    })
    const limits = { openBodyBytes: 2 * MIB }
    const onRefusal = (one: string): void => void refusals.push(one)
    const client = new RequestStream(a, { clock, digest: handing, peer: 'server', limits, onRefusal })
    new RequestStream(b, {
      clock,
      digest,
      peer: 'client',
      limits,
      onRefusal: () => undefined,
      onRequest: async (header, body) => ({ header, body }),
    })
    const ask = (): Promise<Message | Refusal> => client.request(null, pattern(MIB + 9))
    // More often than the limit would allow if the room of a body were not given back.
    for (let turn = 0; turn < 3; turn++) expect(body(await ask())).to.deep.equal(pattern(MIB + 9))
    other = 'wrong'
    for (let turn = 0; turn < 3; turn++) expect(reason(await ask())).to.equal('wrong-hash')
    other = 'lost'
    for (let turn = 0; turn < 3; turn++) expect(reason(await ask())).to.equal('aborted')
    expect(refusals).to.deep.equal(['wrong-hash', 'wrong-hash', 'wrong-hash'])
    other = 'same'
    expect(body(await ask())).to.deep.equal(pattern(MIB + 9))
  })
})
