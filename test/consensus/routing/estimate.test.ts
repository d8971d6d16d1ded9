import { expect } from 'chai'
import fc from 'fast-check'
import { deadlineMs, type EstimateBounds, miss, NO_ESTIMATE, observe } from '../../../consensus/routing/estimate.ts'

const BOUNDS: EstimateBounds = { baseMs: 8_000, leastMs: 1_000, mostMs: 16_000, spread: 1 / 4, backOff: 1.5 }

const learnt = (samples: readonly number[]) =>
  samples.reduce((estimate, sample) => observe(estimate, sample, BOUNDS), NO_ESTIMATE)

const samples = fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { maxLength: 200 })

describe('routing: estimates of durations', () => {
  it('start from the base, and grow by the back-off with every miss, up to the most', () => {
    const misses = [0, 1, 2, 9].map(count => {
      let estimate = NO_ESTIMATE
      for (let index = 0; index < count; index++) estimate = miss(estimate)
      return deadlineMs(estimate, BOUNDS)
    })
    expect(misses).to.deep.equal([8_000, 12_000, 16_000, 16_000])
  })

  it('follow RFC 6298 while the deviation grows: first sample, then gains of 1/8 and 1/4', () => {
    const first = learnt([2_000])
    expect(first).to.deep.equal({ smoothedMs: 2_000, deviationMs: 1_000, misses: 0 })
    expect(deadlineMs(first, BOUNDS)).to.equal(6_000)
    expect(observe(first, 4_000, BOUNDS)).to.deep.equal({ smoothedMs: 2_250, deviationMs: 1_250, misses: 0 })
  })

  it('converge to what a steady neighbour takes, with the least spread on top', () => {
    fc.assert(
      fc.property(samples, fc.double({ min: 600, max: 7_900, noNaN: true }), (before, steady) => {
        let estimate = learnt(before)
        for (let index = 0; index < 400; index++) estimate = observe(estimate, steady, BOUNDS)
        expect(estimate.smoothedMs).to.be.closeTo(steady, steady / 100)
        expect(deadlineMs(estimate, BOUNDS)).to.be.closeTo(Math.min(2 * steady, 16_000), steady / 10)
      }),
    )
  })

  it('stay within their bounds, whatever is measured or missed', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true }))), steps => {
        let estimate = NO_ESTIMATE
        for (const sample of steps) estimate = sample === null ? miss(estimate) : observe(estimate, sample, BOUNDS)
        expect(deadlineMs(estimate, BOUNDS)).to.be.within(BOUNDS.leastMs, BOUNDS.mostMs)
      }),
    )
  })

  it('forget a single outlier within the samples of a few rounds', () => {
    let estimate = learnt([...Array.from({ length: 50 }, () => 1_000), 60_000])
    expect(deadlineMs(estimate, BOUNDS)).to.equal(16_000)
    for (let index = 0; index < 64; index++) estimate = observe(estimate, 1_000, BOUNDS)
    expect(deadlineMs(estimate, BOUNDS)).to.be.below(5_000)
  })

  it('remember the burst that each round begins with through its calm middle', () => {
    const round = [1_000, 2_000, 3_000, 3_000, ...Array.from({ length: 12 }, () => 1_000)]
    const estimate = learnt([...round, ...round, ...round])
    expect(deadlineMs(estimate, BOUNDS)).to.be.above(3_000)
  })

  it('forget misses with the first measurement after them', () => {
    const estimate = miss(miss(learnt([1_000, 1_000])))
    expect(observe(estimate, 1_000, BOUNDS).misses).to.equal(0)
  })
})
