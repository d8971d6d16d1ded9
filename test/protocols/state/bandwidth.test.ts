import { expect } from 'chai'
import { Bandwidth } from '../../../protocols/state/bandwidth.ts'

describe('protocols/state: bandwidth', () => {
  const limits = { bytesPerSecond: 1000, burstBytes: 2000, maxWaitMs: 3000 }

  it('lets a burst pass, then spaces what follows, and refuses what would wait too long', () => {
    const bandwidth = new Bandwidth(limits, 10)
    expect([1000, 1000, 500, 1500, 2000].map(bytes => bandwidth.reserve('a', bytes, 0))).to.deep.equal([
      0,
      0,
      500,
      2000,
      null,
    ])
    expect(bandwidth.reserve('a', 500, 1000)).to.equal(1500)
  })

  it('accounts for each peer alone, refills to the burst and no further', () => {
    const bandwidth = new Bandwidth(limits, 10)
    bandwidth.reserve('a', 2000, 0)
    expect(bandwidth.reserve('b', 2000, 0)).to.equal(0)
    expect(bandwidth.reserve('a', 2000, 60_000)).to.equal(0)
    expect(bandwidth.reserve('a', 1000, 60_000)).to.equal(1000)
  })

  it('gives all peers together no more than one alone, where it is shared', () => {
    const bandwidth = new Bandwidth({ ...limits, isShared: true }, 10)
    expect(bandwidth.reserve('a', 2000, 0)).to.equal(0)
    expect(bandwidth.reserve('b', 2000, 0)).to.equal(2000)
    expect(bandwidth.reserve('c', 2000, 0)).to.equal(null)
    // What was refused took nothing.
    expect(bandwidth.reserve('c', 1000, 0)).to.equal(3000)
  })

  it('remembers only so many peers', () => {
    const bandwidth = new Bandwidth(limits, 1)
    bandwidth.reserve('a', 2000, 0)
    bandwidth.reserve('b', 2000, 0)
    expect(bandwidth.reserve('a', 2000, 0)).to.equal(0)
  })
})
