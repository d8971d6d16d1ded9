import { expect } from 'chai'
import { ClipTally } from '../../../node/peer/clip-tally.ts'

describe('the tally of clipped gradients', () => {
  it('names only peers of whom something was scaled down, with how many of how many, and the least factor', () => {
    const tally = new ClipTally()
    for (const factor of [1, 0.5, 0.25, 1]) tally.note('long', factor)
    tally.note('short', 1)
    expect(tally.clipped()).to.deep.equal([{ peer: 'long', clipped: 2, received: 4, leastFactor: 0.25 }])
  })
})
