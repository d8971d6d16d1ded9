import { expect } from 'chai'
import { PARALLEL_TRANSFERS_PER_PEER } from '../../../protocols/reduce/constants.ts'
import type { SimPeer } from '../../../simulations/tier0/peer.ts'
import { SimPulls } from '../../../simulations/tier0/pulls.ts'
import { until } from '../../../simulations/tier0/task.ts'

describe('simulations/tier0: pulls', () => {
  /** Of a process; what a holder answers is in the test's hands. */
  function pulling() {
    const peer = { life: 0 } as SimPeer
    const pulls = new SimPulls(peer)
    const asked: string[] = []
    const answers = new Map<string, (bytes: string) => void>()
    const took: string[] = []
    const pull = (name: string, holder = 'holder') =>
      pulls.run(
        holder,
        () => {
          asked.push(name)
          return until<string>(resume => answers.set(name, resume))
        },
        bytes => took.push(bytes),
      )
    return { peer, pull, asked, took, answer: (name: string) => answers.get(name)!(name) }
  }

  it('are few at a time from one holder', () => {
    const { pull, asked, took, answer } = pulling()
    for (const name of ['a', 'b', 'c']) pull(name)
    pull('d', 'other')
    expect(asked)
      .to.deep.equal(['a', 'b', 'd'])
      .and.have.length(PARALLEL_TRANSFERS_PER_PEER + 1)
    answer('b')
    expect(asked).to.deep.equal(['a', 'b', 'd', 'c'])
    expect(took).to.deep.equal(['b'])
  })

  it('leave their places as they are given up, and take no answer any more', () => {
    const { pull, asked, took, answer } = pulling()
    const giveUp = ['a', 'b', 'c', 'd', 'e'].map(name => pull(name))
    giveUp[2]!()
    giveUp[0]!()
    giveUp[0]!()
    expect(asked).to.deep.equal(['a', 'b', 'd'])
    answer('a')
    answer('d')
    expect(asked).to.deep.equal(['a', 'b', 'd', 'e'])
    expect(took).to.deep.equal(['d'])
  })

  it('of a process that is gone free no place of the next one', () => {
    const { peer, pull, asked } = pulling()
    const giveUp = pull('a')
    peer.life++
    giveUp()
    for (const name of ['b', 'c']) pull(name)
    expect(asked).to.deep.equal(['a', 'b'])
  })
})
