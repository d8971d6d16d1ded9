import { expect } from 'chai'
import { FAULTS } from '../../../simulations/faults/index.ts'
import { STARTS } from '../../../simulations/tier1/faults.ts'

describe('simulations/tier1: the table of faults', () => {
  it('is carried out as far as it means something in this tier', () => {
    const meant = Object.values(FAULTS).filter(({ means }) => means[1] !== undefined)
    expect(STARTS).to.include.all.keys(meant.map(({ name }) => name))
  })
})
