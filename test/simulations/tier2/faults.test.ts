import { expect } from 'chai'
import { FAULTS } from '../../../simulations/faults/index.ts'
import { REAL_SCENARIOS } from '../../../simulations/scenarios/real/index.ts'
import { HANDS } from '../../../simulations/tier2/faults.ts'

describe('faults of tier 2', () => {
  it('are those that the table says it has, and no other', () => {
    const named = Object.values(FAULTS).filter(({ means }) => means[2] !== undefined)
    expect(Object.keys(HANDS).toSorted()).to.deep.equal(named.map(({ name }) => name).toSorted())
  })

  it('are all that its scenarios ask for', () => {
    for (const { name, faults } of REAL_SCENARIOS)
      for (const { kind } of faults) expect(HANDS, `${name}: ${kind}`).to.have.property(kind)
  })
})
