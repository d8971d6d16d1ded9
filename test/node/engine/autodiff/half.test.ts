/** The 16-bit formats against what their definitions say. */
import { expect } from 'chai'
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../../node/engine/autodiff/half.ts'

const every = Array.from({ length: 2 ** 16 }, (_, bits) => bits)

describe('16-bit floating point numbers', () => {
  it('come back from numbers as they were, each of them', () => {
    for (const bits of every) {
      const [half, brain] = [fromFloat16(bits), fromBfloat16(bits)]
      if (!Number.isNaN(half) && toFloat16(half) !== bits) expect(toFloat16(half), `binary16 ${bits}`).to.equal(bits)
      if (!Number.isNaN(brain) && toBfloat16(brain) !== bits)
        expect(toBfloat16(brain), `bfloat16 ${bits}`).to.equal(bits)
    }
  })

  it('have the values of IEEE 754 and round ties to even', () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00].map(fromFloat16)).to.deep.equal([
      1,
      -2,
      65504,
      2 ** -24,
      Number.POSITIVE_INFINITY,
    ])
    expect([0x3f80, 0xc000].map(fromBfloat16)).to.deep.equal([1, -2])
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25].map(toFloat16)).to.deep.equal([
      0x3c00, 0x3c02, 0x7bff, 0x7c00, 0,
    ])
    expect([1 + 2 ** -8, 1 + 3 * 2 ** -8].map(toBfloat16)).to.deep.equal([0x3f80, 0x3f82])
    expect(
      [toFloat16(Number.NaN), toBfloat16(Number.NaN)].map((bits, at) => (at ? fromBfloat16 : fromFloat16)(bits)),
    ).to.deep.equal([Number.NaN, Number.NaN])
  })
})
