import { expect } from 'chai'
import { Crowd } from '../../../node/network/crowd.ts'

const STAYS_MS = 100

describe('a crowd', () => {
  let nowMs: number
  const crowdOf = (max: number): Crowd<string> => new Crowd({ max, staysMs: STAYS_MS, nowMs: () => nowMs })
  beforeEach(() => {
    nowMs = 0
  })

  it('has room for so many, and then the oldest of the host that has most goes', () => {
    const crowd = crowdOf(4)
    for (const [member, host] of ['ax', 'by', 'cx', 'dz'].map(both => [...both] as [string, string]))
      expect(crowd.add(member, host)).to.equal(null)
    expect(crowd.add('e', 'w')).to.equal('a')
    expect(crowd.size).to.equal(4)
  })

  it('lets nobody make room for another of its host that came a moment ago', () => {
    const crowd = crowdOf(2)
    for (const member of ['a', 'b']) crowd.add(member, 'x')
    nowMs = STAYS_MS - 1
    expect(crowd.add('c', 'x')).to.equal('c')
    nowMs = STAYS_MS
    expect(crowd.add('d', 'x')).to.equal('a')
    expect(crowd.size).to.equal(2)
  })

  it('forgets who left, and the host with the last of it', () => {
    const crowd = crowdOf(2)
    for (const member of ['a', 'b']) crowd.add(member, 'x')
    crowd.remove('a')
    crowd.remove('a')
    expect(crowd.add('c', 'y')).to.equal(null)
    nowMs = STAYS_MS
    expect(crowd.add('d', 'y')).to.equal('c')
    crowd.remove('b')
    crowd.remove('d')
    expect(crowd.size).to.equal(0)
  })

  it('takes one that comes again as the newest, once', () => {
    const crowd = crowdOf(2)
    for (const member of ['a', 'b', 'a']) crowd.add(member, 'x')
    nowMs = STAYS_MS
    expect(crowd.add('c', 'x')).to.equal('b')
  })
})
