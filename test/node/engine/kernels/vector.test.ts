import { expect } from 'chai'
import fc from 'fast-check'
import { makeBench } from './support.ts'

const numbers = fc.array(fc.float({ noNaN: true, min: -1e4, max: 1e4 }), { minLength: 1, maxLength: 150 })
const f32 = Math.fround

describe('vector kernels', () => {
  it('add, scale and average exactly as single f32 operations, to the last value and not beyond', () => {
    fc.assert(
      fc.property(numbers, values => {
        const { kernels, put, get } = makeBench()
        const x = put(values)
        const y = put(values.map(v => v * 3))
        const n = values.length
        kernels.add(y, x, n)
        expect([...get(y, n)]).to.deep.equal(values.map(v => f32(f32(v * 3) + v)))
        kernels.scale(y, 0.1, n)
        expect([...get(y, n)]).to.deep.equal(values.map(v => f32(f32(0.1) * f32(f32(v * 3) + v))))
        expect(get(y + 4 * n, 1)[0]).to.be.NaN
      }),
    )
  })

  it('take the momentum of the mean', () => {
    const { kernels, put, room, get } = makeBench()
    const out = room(5)
    kernels.momentum(out, put([1, 2, 3, 4, 5]), put([8, 8, 8, 8, -8]), 0.5, 0.5, 1 / 4, 5)
    expect([...get(out, 5)]).to.deep.equal([1.5, 2, 2.5, 3, 1.5])
  })

  it('let nothing pass the door that is not finite or beyond the bound, at any place', () => {
    const bad = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 10_001, -10_001, 1e30)
    fc.assert(
      fc.property(numbers, bad, fc.nat(), (values, wrong, place) => {
        const { kernels, put } = makeBench()
        expect(kernels.withinBound(put(values), 1e4, values.length)).to.equal(1)
        const spoilt = values.with(place % values.length, wrong)
        expect(kernels.withinBound(put(spoilt), 1e4, values.length)).to.equal(0)
      }),
    )
  })

  it('take the norm in f64 and always in one order', () => {
    fc.assert(
      fc.property(numbers, values => {
        const { kernels, put } = makeBench()
        const exact = values.reduce((sum, v) => sum + v * v, 0)
        expect(kernels.squaredNorm(put(values), values.length)).to.be.closeTo(exact, 1e-12 * exact + 1e-300)
      }),
    )
    const { kernels, put } = makeBench()
    expect(kernels.squaredNorm(put([1, 2, 3, 4, 5, 6, 7]), 7)).to.equal(140)
  })

  it('add the rows of repeated tokens one after the other', () => {
    const { kernels, put, room, get } = makeBench()
    const table = put([0, 0, 0, 1, 1, 1, 2, 2, 2])
    const rows = put([1, 2, 3, 10, 20, 30, 100, 200, 300])
    const ids = room(3)
    new Uint32Array(kernels.memory.buffer, ids, 3).set([2, 0, 2])
    kernels.scatterAddRows(table, rows, ids, 3, 3)
    expect([...get(table, 9)]).to.deep.equal([10, 20, 30, 1, 1, 1, 103, 204, 305])
  })

  it('draw normal values that depend on key and index alone', () => {
    const { kernels, room, get } = makeBench()
    const n = 50_000
    const a = room(n)
    const b = room(10)
    kernels.fillNormal(a, 42n, 0.02, n)
    kernels.fillNormal(b, 42n, 0.02, 10)
    const values = get(a, n)
    expect([...get(b, 10)]).to.deep.equal([...values.slice(0, 10)])
    const mean = values.reduce((sum, v) => sum + v, 0) / n
    const variance = values.reduce((sum, v) => sum + v * v, 0) / n
    expect(mean).to.be.closeTo(0, 0.0003)
    expect(Math.sqrt(variance)).to.be.closeTo(0.02, 0.0002)
    expect(values.filter(v => Math.abs(v) > 0.04).length / n).to.be.closeTo(0.0455, 0.004)
  })

  it('draw the values that SplitMix64 gives, computed apart with BigInt', () => {
    const { kernels, room, get } = makeBench()
    const a = room(4)
    kernels.fillNormal(a, 1n, 1, 4)
    expect([...get(a, 4)]).to.deep.equal(EXPECTED)
  })
})

/** key 1, std 1: twelve 16-bit fields of SplitMix64 each, in plain integers. */
const EXPECTED = Array.from({ length: 4 }, (_, index) => {
  const mask = (1n << 64n) - 1n
  const mix = (state: bigint): bigint => {
    let x = state & mask
    x = ((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n) & mask
    x = ((x ^ (x >> 27n)) * 0x94d049bb133111ebn) & mask
    return x ^ (x >> 31n)
  }
  let sum = 0
  for (let word = 1; word <= 3; word++) {
    const bits = mix(1n + BigInt(3 * index + word) * 0x9e3779b97f4a7c15n)
    for (let field = 0n; field < 4n; field++) sum += Number((bits >> (16n * field)) & 0xffffn)
  }
  return Math.fround((sum - 393_210) / 65_536)
})
