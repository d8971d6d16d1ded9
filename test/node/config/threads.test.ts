import { expect } from 'chai'
import { threadsOf, threadsOfMany } from '../../../node/config/threads.ts'

describe('threads that compute', () => {
  it('are half of the cores, from one to eight, for a peer that has its machine for itself', () => {
    const of = (cores: number) => threadsOf({ threads: undefined }, cores)
    expect([1, 2, 3, 4, 8, 15, 16, 17, 128].map(of)).to.deep.equal([1, 1, 1, 2, 4, 7, 8, 8, 8])
  })

  it('are one for each of many peers on one machine', () => {
    expect(threadsOfMany({ threads: undefined })).to.equal(1)
  })

  it('are what was said, where something was', () => {
    expect(threadsOf({ threads: 12 }, 2)).to.equal(12)
    expect(threadsOfMany({ threads: 3 })).to.equal(3)
  })
})
