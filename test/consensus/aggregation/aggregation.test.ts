import { expect } from 'chai'
import fc from 'fast-check'
import { RULES, type RuleName, trimCount } from '../../../consensus/aggregation/index.ts'

const NAMES = Object.values(RULES).map(({ name }) => name)

/** What a kernel does with one coordinate, in the plainest way. */
function combine(rule: RuleName, values: readonly number[], faults: number): number {
  const trim = trimCount(rule, values.length, faults)
  const kept = [...values].sort((a, b) => a - b).slice(trim, values.length - trim)
  expect(kept).to.have.length(RULES[rule].keptCount(values.length, faults))
  return kept.reduce((sum, value) => sum + value, 0) / kept.length
}

describe('aggregation: the table of rules', () => {
  it('names each rule as the manifest does', () => {
    expect(NAMES).to.deep.equal(['mean', 'trimmed-mean', 'median'])
    for (const [key, { name }] of Object.entries(RULES)) expect(name).to.equal(key)
  })

  it('is total over what agreement can decide: n - f commitments of n seats', () => {
    for (let n = 1; n <= 256; n++) {
      const faults = Math.floor((n - 1) / 3)
      for (const rule of NAMES) {
        for (let trimmed = 0; trimmed <= faults; trimmed++) {
          expect(trimCount(rule, n - faults, trimmed)).to.be.at.least(0)
          expect(RULES[rule].keptCount(n - faults, trimmed)).to.be.at.least(1)
        }
      }
    }
  })

  it('trims f at each end, nothing for the mean, all but the middle for the median', () => {
    expect(NAMES.map(rule => trimCount(rule, 7, 2))).to.deep.equal([0, 2, 3])
    expect(NAMES.map(rule => trimCount(rule, 6, 2))).to.deep.equal([0, 2, 2])
    expect(NAMES.map(rule => trimCount(rule, 3, 1))).to.deep.equal([0, 1, 1])
  })

  it('says what it cannot do', () => {
    expect(() => trimCount('trimmed-mean', 4, 2)).to.throw(RangeError, 'it needs 5')
  })

  it('robust rules stay between honest values, whatever up to f liars say', () => {
    const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    const inputs = fc.integer({ min: 0, max: 5 }).chain(f =>
      fc.record({
        honest: fc.array(finite, { minLength: f + 1, maxLength: f + 8 }),
        lies: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: f, maxLength: f }),
      }),
    )
    fc.assert(
      fc.property(inputs, ({ honest, lies }) => {
        for (const rule of ['trimmed-mean', 'median'] as const) {
          expect(lies.length).to.be.at.most(RULES[rule].breakdown(honest.length + lies.length))
          const result = combine(rule, [...honest, ...lies], lies.length)
          const slack = 1e-9 * Math.max(1, ...honest.map(Math.abs))
          expect(result).to.be.within(Math.min(...honest) - slack, Math.max(...honest) + slack)
        }
      }),
    )
  })

  it('the mean follows one liar anywhere, and says so', () => {
    expect(combine('mean', [1, 1, 1e9], 0)).to.be.above(1e8)
    expect(RULES.mean.breakdown(100)).to.equal(0)
  })

  it('no rule needs distances yet', () => {
    for (const rule of NAMES) expect(RULES[rule].scalars()).to.equal(null)
  })
})
