import { expect } from 'chai'
import fc from 'fast-check'
import { roundTarget } from '../../../consensus/round/index.ts'

describe('round: the target', () => {
  it('begins with two micro-batches a seat and grows to that of the manifest', () => {
    const targets = Array.from({ length: 12 }, (_, index) => roundTarget(24, 4, index + 1))
    expect(targets).to.deep.equal([8, 10, 12, 14, 16, 18, 20, 22, 24, 24, 24, 24])
  })

  it('is never above the manifest, and whole for an odd number of seats', () => {
    expect(roundTarget(4, 4, 1)).to.equal(4)
    expect([1, 2, 3].map(round => roundTarget(30, 5, round))).to.deep.equal([10, 13, 15])
  })

  it('reaches that of the manifest in round 9 at the latest, however many micro-batches it is', () => {
    const targets = Array.from({ length: 10 }, (_, index) => roundTarget(512, 4, index + 1))
    expect(targets).to.deep.equal([8, 71, 134, 197, 260, 323, 386, 449, 512, 512])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_536 }), fc.integer({ min: 4, max: 64 }), (target, replicas) => {
        expect(roundTarget(target, replicas, 9)).to.equal(target)
      }),
    )
  })
})
