import { expect } from 'chai'
import { briefAbsences } from '../../../simulations/scenarios/brief-absences.ts'
import { eventsOf, runSeed } from '../support.ts'

describe('simulations/tier0: members', () => {
  it('a machine that is away for ten seconds keeps its seat though spares wait; one that is gone for good is replaced', function () {
    this.timeout(30_000)
    const told = runSeed(briefAbsences, 1)
    expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
    const removed = eventsOf(told, 'changed').filter(({ act }) => act === 'remove-absent')
    expect(removed.map(({ peer }) => peer)).to.deep.equal([3])
    const admitted = eventsOf(told, 'changed').filter(({ act }) => act === 'admit')
    expect(admitted.map(({ peer }) => peer >= 8)).to.deep.equal([true])
    expect(told.reached).to.include.keys('seat-taken')
  })
})
