import { expect } from 'chai'
import { roundTarget } from '../../../consensus/round/index.ts'

describe('round: the target', () => {
  it('begins with two micro-batches a seat and grows to that of the manifest', () => {
    const targets = Array.from({ length: 12 }, (_, index) => roundTarget(24, 4, index + 1))
    expect(targets).to.deep.equal([8, 10, 12, 14, 16, 18, 20, 22, 24, 24, 24, 24])
  })

  it('is never above the manifest, and whole for an odd number of seats', () => {
    expect(roundTarget(4, 4, 1)).to.equal(4)
    expect([1, 2, 3].map(round => roundTarget(100, 5, round))).to.deep.equal([10, 13, 15])
  })
})
