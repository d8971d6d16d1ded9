import { expect } from 'chai'
import fc from 'fast-check'
import { hashHex, isRefusal } from '../../../protocols/wire/index.ts'
import * as int8 from '../../../protocols/wire/int8-block.ts'
import { vectors } from './vectors.ts'

const { BLOCK_VALUES } = int8
const NO_BOUND = 3.4e38

function decoded(bytes: Uint8Array, values: number): Float32Array {
  const result = int8.decode(bytes, values)
  if (isRefusal(result)) throw new Error(result.detail)
  return result
}

/** Of any size, as gradients have them: many blocks are of one magnitude, some of none. */
const tensors = fc
  .tuple(
    fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1 }), { maxLength: 3 * BLOCK_VALUES }),
    fc.integer({ min: -110, max: 126 }),
  )
  .map(([values, exponent]) => Float32Array.from(values, value => value * 2 ** exponent))
const anyFloats = fc.float32Array({ noNaN: true, noDefaultInfinity: true, maxLength: 3 * BLOCK_VALUES })

function blocksOf(values: Float32Array): Float32Array[] {
  return Array.from({ length: Math.ceil(values.length / BLOCK_VALUES) }, (_, block) =>
    values.subarray(block * BLOCK_VALUES, (block + 1) * BLOCK_VALUES),
  )
}

const largestOf = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

describe('int8 in blocks', () => {
  it('is byte for byte what the vectors say', () => {
    for (const { values, bytes } of vectors('int8-block').tensors) {
      const words = Uint32Array.from(values.match(/.{8}/g) ?? [], (text: string) => Number.parseInt(text, 16))
      expect(hashHex(int8.encode(new Float32Array(words.buffer))), values).to.equal(bytes)
    }
  })

  it('takes 66 bytes for 64 values, and 2 and the rest for the last block', () => {
    expect([0, 1, 63, 64, 65, 128].map(int8.encodedBytes)).to.deep.equal([0, 3, 65, 66, 69, 132])
  })

  it('errs by half a scale at most, and at the largest values by less than one', () => {
    fc.assert(
      fc.property(tensors, values => {
        const near = decoded(int8.encode(values), values.length)
        for (const [block, wanted] of blocksOf(values).entries()) {
          const got = blocksOf(near)[block]!
          const largest = largestOf(wanted)
          if (largest < 2 ** -99) continue
          const scale = largestOf(got) / 127
          expect(scale).to.be.at.most(largest / 127)
          for (const [index, value] of wanted.entries()) {
            const error = Math.abs(value - got[index]!)
            const isClipped = Math.abs(value) > 127.5 * scale
            expect(error).to.be.at.most(isClipped ? scale : scale * (0.5 + 2 ** -15))
          }
        }
      }),
    )
  })

  it('never reaches beyond the largest value, so what keeps a bound keeps it encoded', () => {
    fc.assert(
      fc.property(fc.oneof(tensors, anyFloats), values => {
        const bytes = int8.encode(values)
        expect(largestOf(decoded(bytes, values.length))).to.be.at.most(largestOf(values))
        expect(int8.check(bytes, values.length, largestOf(values))).to.equal(null)
      }),
    )
  })

  it('is canonical: what was decoded encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.oneof(tensors, anyFloats), values => {
        const bytes = int8.encode(values)
        expect(int8.encode(decoded(bytes, values.length))).to.deep.equal(bytes)
      }),
    )
  })

  it('takes exactly the bytes that an encoder writes', () => {
    const bytes = fc
      .tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat({ max: 0xffff }), fc.nat({ max: 7 }))
      .map(([levels, half, at]) => {
        const changed = Uint8Array.of(half & 0xff, half >>> 8, ...levels)
        // Every other one has the largest level, without which nearly none would be taken.
        if (half % 2 === 0) changed[2 + at] = 127
        return changed
      })
    let taken = 0
    fc.assert(
      fc.property(bytes, candidate => {
        const isTaken = int8.check(candidate, 8, NO_BOUND) === null
        if (isTaken) taken++
        const again = int8.encode(decoded(candidate, 8))
        expect(isTaken).to.equal(hashHex(again) === hashHex(candidate) && largestOf(decoded(candidate, 8)) <= NO_BOUND)
      }),
      { numRuns: 2000 },
    )
    expect(taken).to.be.above(100)
  })

  it('refuses bytes of another length, NaN and infinity, other spellings, and what is beyond the bound', () => {
    const one = int8.encode(Float32Array.of(1, -2))
    const reason = (bytes: Uint8Array, bound = NO_BOUND) => int8.check(bytes, 2, bound)?.refused
    expect(reason(one)).to.equal(undefined)
    expect(reason(one.subarray(1))).to.equal('wrong-shape')
    expect(int8.decode(one.subarray(1), 2)).to.include({ refused: 'wrong-shape' })
    expect(reason(one, 1.9)).to.equal('out-of-bounds')
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(reason(int8.encode(Float32Array.of(1, value)))).to.equal('not-finite')
    expect(reason(Uint8Array.of(0, 0, 1, 0))).to.equal('bad-encoding')
    expect(reason(Uint8Array.of(0, 0x3f, 0, 0))).to.equal('bad-encoding')
    expect(reason(Uint8Array.of(0, 0x3f, 126, 3))).to.equal('bad-encoding')
    expect(reason(Uint8Array.of(0, 0x3f, 128, 127))).to.equal('bad-encoding')
    expect(reason(Uint8Array.of(0, 0xbf, 127, 0))).to.equal('not-finite')
  })
})
