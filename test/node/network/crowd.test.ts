import { expect } from 'chai'
import { Crowd } from '../../../node/network/crowd.ts'

describe('a crowd', () => {
  it('has room for so many, and then the oldest of the host that has most goes', () => {
    const crowd = new Crowd<string>(4)
    for (const [member, host] of ['ax', 'by', 'cx', 'dz'].map(both => [...both] as [string, string]))
      expect(crowd.add(member, host)).to.equal(null)
    expect(crowd.add('e', 'w')).to.equal('a')
    expect(crowd.size).to.equal(4)
  })

  it('forgets who left, and the host with the last of it', () => {
    const crowd = new Crowd<string>(2)
    crowd.add('a', 'x')
    crowd.add('b', 'x')
    crowd.remove('a')
    crowd.remove('a')
    expect(crowd.add('c', 'y')).to.equal(null)
    expect(crowd.add('d', 'y')).to.equal('c')
    crowd.remove('b')
    crowd.remove('d')
    expect(crowd.size).to.equal(0)
  })

  it('takes one that comes again as the newest, once', () => {
    const crowd = new Crowd<string>(2)
    crowd.add('a', 'x')
    crowd.add('b', 'x')
    expect(crowd.add('a', 'x')).to.equal(null)
    expect(crowd.add('c', 'x')).to.equal('b')
  })
})
