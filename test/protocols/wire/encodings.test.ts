import { expect } from 'chai'
import fc from 'fast-check'
import { codecOf, hashHex, isRefusal } from '../../../protocols/wire/index.ts'
import { vectors } from './vectors.ts'

const bf16 = codecOf('bf16')

function decoded(bytes: Uint8Array, values: number): Float32Array {
  const result = bf16.decode(bytes, values)
  if (isRefusal(result)) throw new Error(result.detail)
  return result
}

const rounded = (value: number): number => decoded(bf16.encode(Float32Array.of(value)), 1)[0]!

describe('bf16', () => {
  it('is byte for byte what the vectors say', () => {
    for (const { value, bytes } of vectors('encodings').bf16) {
      const single = new Float32Array(Uint32Array.of(Number.parseInt(value, 16)).buffer)
      expect(hashHex(bf16.encode(single)), value).to.equal(bytes)
    }
  })

  it('is the nearest value that it has, and the even one of two equally near', () => {
    const bits = fc.integer({ min: 0, max: 0x7f7effff })
    fc.assert(
      fc.property(bits, fc.boolean(), (pattern, negative) => {
        const words = Uint32Array.of(negative ? (pattern | 0x80000000) >>> 0 : pattern)
        const value = new Float32Array(words.buffer)[0]!
        const [below, above] = [pattern & 0xffff0000, (pattern & 0xffff0000) + 0x10000].map(
          word => new Float32Array(Uint32Array.of(word).buffer)[0]!,
        )
        const [down, up] = [Math.abs(value) - below!, above! - Math.abs(value)]
        const isEven = ((pattern >>> 16) & 1) === 0
        const expected = down < up || (down === up && isEven) ? below! : above!
        expect(Math.abs(rounded(value))).to.equal(expected)
        expect(Math.sign(rounded(value)) * Math.sign(value)).to.be.at.least(0)
      }),
    )
  })

  it('keeps what it has once encoded, from any place in memory', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, noDefaultInfinity: true, max: 2 ** 126, min: -(2 ** 126) }),
        floats => {
          const once = bf16.encode(floats)
          const shifted = new Uint8Array(once.length + 1)
          shifted.set(once, 1)
          expect(bf16.encode(decoded(shifted.subarray(1), floats.length))).to.deep.equal(once)
          expect(once.length).to.equal(bf16.encodedBytes(floats.length))
        },
      ),
    )
  })

  it('never makes a number of what is none, and may overflow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffff }), fraction => {
        const nan = new Float32Array(Uint32Array.of(0x7f800000 | fraction).buffer)
        expect(decoded(bf16.encode(nan), 1)[0]).to.be.NaN
      }),
    )
    expect(rounded(3.4e38)).to.equal(Number.POSITIVE_INFINITY)
  })

  it('checks length, finiteness and bound as the values say', () => {
    const check = (values: readonly number[], bound: number, count = values.length): string | undefined =>
      bf16.check(bf16.encode(Float32Array.from(values)), count, bound)?.refused
    expect(check([1], 10, 2)).to.equal('wrong-shape')
    expect(check([1, Number.NaN], 10)).to.equal('not-finite')
    expect(check([Number.NEGATIVE_INFINITY], 10)).to.equal('not-finite')
    const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })
    fc.assert(
      fc.property(fc.array(value), fc.double({ noNaN: true, min: 1e-3, max: 1e6 }), (values, bound) => {
        const fits = values.every(each => Math.abs(rounded(each)) <= bound)
        expect(check(values, bound)).to.equal(fits ? undefined : 'out-of-bounds')
      }),
    )
  })
})
