import { expect } from 'chai'
import fc from 'fast-check'
import { fitGrowth } from '../../../simulations/scale/fit.ts'
import { sizeOf } from '../../../simulations/scale/scale.ts'

describe('the growth of a cost', () => {
  it('is found exactly where it is a power', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 3, noNaN: true }),
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        (k, a) => {
          const fit = fitGrowth([10, 100, 1000].map(n => [n, a * n ** k] as const))!
          expect(fit.exponent).to.be.closeTo(k, 1e-9)
          expect(fit.rSquared).to.be.closeTo(1, 1e-6)
        },
      ),
    )
  })

  it('is none of one size, or of what costs nothing', () => {
    expect(fitGrowth([[10, 5]])).to.equal(null)
    expect(
      fitGrowth([
        [10, 5],
        [10, 6],
      ]),
    ).to.equal(null)
    expect(
      fitGrowth([
        [10, 0],
        [100, 0],
      ]),
    ).to.equal(null)
  })

  it('is measured on full stages where there are enough peers', () => {
    expect(sizeOf(10_000, 16)).to.deep.equal({ stages: 625, replicas: 16 })
    expect(sizeOf(10, 16)).to.deep.equal({ stages: 2, replicas: 5 })
    expect(sizeOf(31, 16)).to.deep.equal({ stages: 2, replicas: 15 })
  })
})
