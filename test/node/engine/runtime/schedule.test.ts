import { expect } from 'chai'
import fc from 'fast-check'
import { cosineOfHalfTurns, learningRate, power } from '../../../../node/engine/runtime/schedule.ts'

const CONFIG = { learningRate: 4e-3, learningRateFloor: 4e-4, warmupRounds: 20, decayRounds: 100 }

describe('schedule', () => {
  it('warms up linearly, falls by a cosine, then stays at the floor', () => {
    expect(learningRate(1, CONFIG)).to.be.closeTo(2e-4, 1e-18)
    expect(learningRate(10, CONFIG)).to.be.closeTo(2e-3, 1e-18)
    expect(learningRate(20, CONFIG)).to.equal(4e-3)
    expect(learningRate(70, CONFIG)).to.be.closeTo(2.2e-3, 1e-15)
    expect(learningRate(120, CONFIG)).to.equal(4e-4)
    expect(learningRate(100_000, CONFIG)).to.equal(4e-4)
  })

  it('works without warm-up and without decay', () => {
    expect(learningRate(1, { ...CONFIG, warmupRounds: 0, decayRounds: 0 })).to.equal(4e-4)
    expect(learningRate(1, { ...CONFIG, warmupRounds: 1, decayRounds: 10 })).to.equal(4e-3)
  })

  it('never rises after the warm-up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), round => {
        expect(learningRate(round + 1, CONFIG)).to.be.at.most(learningRate(round, CONFIG))
      }),
    )
  })

  it('agrees with Math.cos and with powers, without depending on them', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), x => {
        expect(cosineOfHalfTurns(x)).to.be.closeTo(Math.cos(Math.PI * x), 1e-14)
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), exponent => {
        expect(power(0.9, exponent)).to.be.closeTo(0.9 ** exponent, 1e-13)
      }),
    )
  })

  it('gives the bits on record, which enter hashed state', () => {
    const bits = (value: number): string => Buffer.from(new Float64Array([value]).buffer).toString('hex')
    expect([25, 50, 75, 110].map(round => bits(learningRate(round, CONFIG)))).to.deep.equal(RECORDED)
  })
})

const RECORDED = ['7eaf8407114b703f', 'e86788a78cb06a3f', '21164b9a6d6e5f3f', '8bfd181ceefc3f3f']
