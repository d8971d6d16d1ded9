import { expect } from 'chai'
import fc from 'fast-check'
import { advancePlan, isAvailable, type Send, startPlan } from '../../../protocols/reduce/index.ts'

const SELF = 'self'
const RANKED = ['a', 'b', 'c']

describe('protocols/reduce: plan', () => {
  it('sends to the first f + 1 of the 2f + 1 candidates', () => {
    const { sends } = startPlan([RANKED, ['c', 'a', 'b']], SELF, 1)
    expect(sends).to.deep.equal([
      { partition: 0, to: 'a' },
      { partition: 0, to: 'b' },
      { partition: 1, to: 'c' },
      { partition: 1, to: 'a' },
    ])
  })

  it('counts itself where it is a candidate', () => {
    const { sends } = startPlan([['a', SELF, 'b']], SELF, 1)
    expect(sends).to.deep.equal([{ partition: 0, to: 'a' }])
  })

  it('takes the next candidate for one that failed or is late, and none for one that acknowledged', () => {
    const { plan } = startPlan([RANKED], SELF, 1)
    expect(advancePlan(plan, { type: 'acknowledged', partition: 0, to: 'a' })).to.deep.equal([])
    expect(advancePlan(plan, { type: 'timeout', partition: 0, to: 'b' })).to.deep.equal([{ partition: 0, to: 'c' }])
    expect(isAvailable(plan)).to.equal(false)
    expect(advancePlan(plan, { type: 'acknowledged', partition: 0, to: 'b' })).to.deep.equal([])
    expect(isAvailable(plan)).to.equal(true)
  })

  it('ignores acknowledgements of peers that are no candidates', () => {
    const { plan } = startPlan([RANKED], SELF, 0)
    advancePlan(plan, { type: 'acknowledged', partition: 0, to: 'z' })
    advancePlan(plan, { type: 'acknowledged', partition: 5, to: 'a' })
    expect(isAvailable(plan)).to.equal(false)
  })

  it('becomes available with any f silent candidates, asking none twice', () => {
    const scenario = fc.record({
      faults: fc.integer({ min: 0, max: 5 }),
      silent: fc.array(fc.nat(10), { maxLength: 5 }),
    })
    fc.assert(
      fc.property(scenario, ({ faults, silent }) => {
        const ranked = Array.from({ length: 2 * faults + 1 }, (_, index) => `peer ${index}`)
        const liars = new Set(silent.slice(0, faults).map(index => ranked[index % ranked.length]))
        const { plan, sends } = startPlan([ranked], SELF, faults)
        const queue: Send[] = [...sends]
        const asked: string[] = []
        for (let send = queue.shift(); send !== undefined; send = queue.shift()) {
          asked.push(send.to)
          const type = liars.has(send.to) ? 'timeout' : 'acknowledged'
          queue.push(...advancePlan(plan, { type, ...send }))
        }
        expect(isAvailable(plan)).to.equal(true)
        expect(new Set(asked).size).to.equal(asked.length)
      }),
    )
  })
})
