import { expect } from 'chai'
import { FAULTS } from '../../../simulations/faults/index.ts'
import type { Fault } from '../../../simulations/scenario/types.ts'
import { STARTS } from '../../../simulations/tier0/faults.ts'
import { quick, runSeed, type Told } from '../support.ts'

/** Everything that was told but the fault itself. */
function effects({ events, statistics }: Told): string {
  const others = events.filter(({ type }) => type !== 'fault' && type !== 'healed' && type !== 'end')
  return JSON.stringify([others, statistics.messages, statistics.bytes])
}

const scenarioWith = (faults: readonly Fault[]) => quick({ healAtMs: 40_000, faults, workload: { rounds: 8 } })

/** What is agreed must not depend on it. */
const WITHOUT_EFFECT = ['clock-jump']

describe('simulations/tier0/faults', () => {
  const calm = effects(runSeed(scenarioWith([]), 3))

  const meant = Object.values(FAULTS).filter(({ means }) => means[0] !== undefined)

  it('carries out every kind that says so', () => {
    expect(Object.keys(STARTS).sort()).to.deep.equal(meant.map(({ name }) => name).sort())
  })

  for (const { name, strikes, about } of meant) {
    it(`${name} has ${WITHOUT_EFFECT.includes(name) ? 'no' : 'an'} effect, and the promises hold: ${about}`, () => {
      const peers = strikes === 'all' ? [] : [2, 3]
      const told = runSeed(scenarioWith([{ kind: name, atMs: 6_500, durationMs: 20_000, peers }]), 3)
      expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
      if (!WITHOUT_EFFECT.includes(name)) expect(effects(told)).not.to.equal(calm)
    })
  }
})
