import { expect } from 'chai'
import fc from 'fast-check'
import { dealt, seedCount, seedsOf } from '../../../simulations/sweep/plan.ts'
import { progressLine } from '../../../simulations/sweep/progress.ts'

const sizes = fc.record({
  from: fc.nat(1000),
  count: fc.nat(500),
  scenarios: fc.integer({ min: 1, max: 30 }),
  shards: fc.integer({ min: 1, max: 9 }),
})

describe('the seeds of a sweep', () => {
  it('are each run by exactly one shard', () => {
    fc.assert(
      fc.property(sizes, ({ from, count, scenarios, shards }) => {
        const parts = Array.from({ length: shards }, (_, index) => [
          ...seedsOf(from, count, scenarios, { index, count: shards }),
        ])
        const all = parts.flat().toSorted((a, b) => a - b)
        expect(all).to.deep.equal(Array.from({ length: count }, (_, i) => from + i))
      }),
    )
  })

  it('are counted without being listed', () => {
    fc.assert(
      fc.property(sizes, ({ from, count, scenarios, shards }) => {
        for (let index = 0; index < shards; index++) {
          const shard = { index, count: shards }
          expect(seedCount(count, scenarios, shard)).to.equal([...seedsOf(from, count, scenarios, shard)].length)
        }
      }),
    )
  })

  it('meet every scenario in every shard', () => {
    const names = ['a', 'b', 'c']
    for (let index = 0; index < 3; index++) {
      const seeds = [...seedsOf(1, 9, names.length, { index, count: 3 })]
      expect(new Set(seeds.map(seed => dealt(names, seed))).size).to.equal(3)
    }
  })
})

describe('the progress of a sweep', () => {
  it('says how far it is, how fast, what broke, and how long it will take', () => {
    const state = { what: 'seeds', done: 250, total: 1000, elapsedMs: 10_000, limitMs: null, violated: 2, unknown: 0 }
    expect(progressLine(state)).to.equal('[######..................] 250/1,000 seeds  25.0/s  2 violated  30 s left')
    expect(progressLine({ ...state, total: null, limitMs: 40_000, violated: 0 })).to.equal(
      '[######..................] 250 seeds  25.0/s  30 s left',
    )
    expect(progressLine({ ...state, done: 0, elapsedMs: 0 })).to.not.match(/NaN|Infinity/)
  })
})
