import { expect } from 'chai'
import fc from 'fast-check'
import { lowerMedian } from '../../../consensus/routing/median.ts'
import { findOutside, LEAST_REFERENCES, medianOf } from '../../../consensus/routing/statistics.ts'
import { CHANNEL_FOLDS, type TensorStatistics } from '../../../protocols/wire/tensor-statistics.ts'

/** Nearly what gpt-tiny sends forward after twenty rounds. */
const HONEST: TensorStatistics = {
  logRms: 0.68,
  mean: 0.034,
  negativeShare: 0.523,
  channels: Array.from({ length: CHANNEL_FOLDS }, (_, fold) => 0.1 * Math.cos(fold)),
}

function like(change: Partial<TensorStatistics> = {}): TensorStatistics {
  return { ...HONEST, ...change }
}

function along(share: number): TensorStatistics {
  return like({ channels: HONEST.channels.map(mean => share * mean) })
}

/** Honest values differ a little; any liar's are any. */
const small = fc.double({ min: -0.05, max: 0.05, noNaN: true })
const honest = fc
  .record({
    size: small,
    sign: small,
    channels: fc.array(small, { minLength: CHANNEL_FOLDS, maxLength: CHANNEL_FOLDS }),
  })
  .map(({ size, sign, channels }) => ({
    logRms: HONEST.logRms + size,
    mean: HONEST.mean + sign,
    negativeShare: HONEST.negativeShare + sign,
    channels: HONEST.channels.map((mean, fold) => mean * (1 + channels[fold]!)),
  }))
const lie: fc.Arbitrary<TensorStatistics> = fc.record({
  logRms: fc.double({ min: -103, max: 88, noNaN: true }),
  mean: fc.double({ min: -1, max: 1, noNaN: true }),
  negativeShare: fc.double({ min: 0, max: 1, noNaN: true }),
  channels: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), {
    minLength: CHANNEL_FOLDS,
    maxLength: CHANNEL_FOLDS,
  }),
})
/** Reports of siblings of which fewer than half lie, in any order. */
const reports = fc.integer({ min: LEAST_REFERENCES, max: 15 }).chain(count => {
  const liars = Math.floor((count - 1) / 2)
  const all = fc.tuple(
    fc.array(honest, { minLength: count - liars, maxLength: count - liars }),
    fc.array(lie, { minLength: liars, maxLength: liars }),
  )
  return all.chain(([true_, false_]) =>
    fc.shuffledSubarray([...true_, ...false_], { minLength: count, maxLength: count }),
  )
})

describe('routing: statistics of tensors against siblings’', () => {
  const siblings = [like(), like({ logRms: 0.69 }), like({ logRms: 0.66 })]

  it('say nothing where fewer than three siblings are known', () => {
    const lies = like({ logRms: 80, mean: -1 })
    expect(findOutside(lies, siblings.slice(1), 'forward')).to.equal(null)
    expect(findOutside(lies, siblings, 'forward')).not.to.equal(null)
  })

  it('refuse zeros, constants, and what is a hundred times as large or as small', () => {
    const zeros = { logRms: -103.28, mean: 0, negativeShare: 0, channels: HONEST.channels.map(() => 0) }
    expect(findOutside(zeros, siblings, 'forward')?.statistic).to.equal('log-rms')
    for (const factor of [100, 1 / 100]) {
      const scaled = like({ logRms: HONEST.logRms + Math.log(factor) })
      expect(findOutside(scaled, siblings, 'forward')?.statistic).to.equal('log-rms')
      expect(findOutside(scaled, siblings, 'backward')?.statistic).to.equal('log-rms')
    }
    const constant = like({ mean: 1, negativeShare: 1 })
    expect(findOutside(constant, siblings, 'forward')?.statistic).to.equal('mean')
    expect(findOutside({ ...HONEST, negativeShare: 0.1 }, siblings, 'forward')?.statistic).to.equal('negative-share')
  })

  it('refuse activations against the siblings’ common direction, and take such as have nothing of it', () => {
    expect(findOutside(along(-1), siblings, 'forward')?.statistic).to.equal('along')
    expect(findOutside(along(-0.5), siblings, 'forward')).to.include({ statistic: 'along', references: 3 })
    expect(findOutside(along(0), siblings, 'forward')).to.equal(null)
    expect(findOutside(along(3), siblings, 'forward')).to.equal(null)
  })

  it('do not ask for a direction of gradients, nor where siblings have none in common', () => {
    expect(findOutside(along(-1), siblings, 'backward')).to.equal(null)
    const apart = [0, 5, 10].map(at =>
      like({ channels: HONEST.channels.map((_, fold) => (fold >= at && fold < at + 5 ? 0.1 : 0)) }),
    )
    expect(findOutside(along(-1), apart, 'forward')).to.equal(null)
    expect(
      findOutside(
        along(-1),
        apart.map(one => ({ ...one, channels: HONEST.channels.map(() => 0) })),
        'forward',
      ),
    ).to.equal(null)
  })

  it('allow for what siblings differ by themselves', () => {
    const spread = [like({ logRms: 0 }), like({ logRms: 1 }), like({ logRms: 2 })]
    expect(findOutside(like({ logRms: 1 + Math.log(8) + 1 }), spread, 'forward')).to.equal(null)
    expect(findOutside(like({ logRms: 1 + 10 }), spread, 'forward')?.deviation).to.equal(1)
  })

  it('never refuse an honest tensor, whatever a minority of the siblings says', () => {
    fc.assert(
      fc.property(reports, honest, (references, tensor) => {
        expect(findOutside(tensor, references, 'backward')).to.equal(null)
        expect(findOutside(tensor, references, 'forward')).to.equal(null)
      }),
      { numRuns: 500 },
    )
  })

  it('refuse a thousandfold tensor, whatever a minority of the siblings says', () => {
    fc.assert(
      fc.property(reports, honest, (references, tensor) => {
        const large = { ...tensor, logRms: tensor.logRms + Math.log(1000) }
        expect(findOutside(large, references, 'forward')?.statistic).to.equal('log-rms')
      }),
      { numRuns: 500 },
    )
  })

  it('do not depend on the order of the siblings', () => {
    const shuffled = reports.chain(list =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, fc.oneof(honest, lie), ([one, other], tensor) => {
        expect(findOutside(tensor, other, 'forward')).to.deep.equal(findOutside(tensor, one, 'forward'))
      }),
    )
  })
})

describe('routing: medians', () => {
  it('are the lower of the two middle ones, so that half of the values gain nothing by being large', () => {
    expect(lowerMedian([4, 1, 1e30, 2])).to.equal(2)
    expect(lowerMedian([7])).to.equal(7)
    expect(() => lowerMedian([])).to.throw(RangeError)
  })

  it('are taken of each number by itself, and of nothing there is none', () => {
    expect(medianOf([])).to.equal(null)
    const median = medianOf([
      like({ logRms: 1, mean: 0.3 }),
      like({ logRms: 3, mean: 0.1 }),
      like({ logRms: 2, mean: 0.2 }),
    ])
    expect(median).to.include({ logRms: 2, mean: 0.2 })
    expect(median?.channels).to.deep.equal(HONEST.channels)
  })
})
