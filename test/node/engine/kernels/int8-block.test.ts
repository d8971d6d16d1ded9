import { expect } from 'chai'
import fc from 'fast-check'
import { loadKernels } from '../../../../node/engine/kernels/index.ts'
import { Int8Kernel } from '../../../../node/engine/runtime/int8-kernel.ts'
import { hashHex } from '../../../../protocols/wire/index.ts'
import * as int8 from '../../../../protocols/wire/int8-block.ts'
import { vectors } from '../../../protocols/wire/vectors.ts'

const MOST = 200
const kernel = new Int8Kernel(await loadKernels(), MOST)

describe('the kernel of int8 in blocks', () => {
  it('is byte for byte what the vectors say', () => {
    for (const { values, bytes } of vectors('int8-block').tensors) {
      const words = Uint32Array.from(values.match(/.{8}/g) ?? [], (text: string) => Number.parseInt(text, 16))
      expect(hashHex(kernel.encode(new Float32Array(words.buffer))), values).to.equal(bytes)
    }
  })

  it('is bit for bit the codec of the wire, for all bit patterns and lengths', () => {
    const patterns = fc
      .uint32Array({ maxLength: MOST })
      .map(words => new Float32Array(words.buffer, words.byteOffset, words.length))
    const tame = fc.float32Array({ noNaN: true, min: -8, max: 8, maxLength: MOST })
    const halves = fc
      .array(fc.integer({ min: -255, max: 255 }), { maxLength: MOST })
      .map(list => Float32Array.from(list, of => of / 2))
    fc.assert(
      fc.property(fc.oneof(patterns, tame, halves), values => {
        expect(kernel.encode(values)).to.deep.equal(int8.encode(values))
      }),
      { numRuns: 500 },
    )
  })

  it('takes no tensor that is longer than it has room for', () => {
    expect(() => kernel.encode(new Float32Array(MOST + 1))).to.throw(RangeError)
  })
})
