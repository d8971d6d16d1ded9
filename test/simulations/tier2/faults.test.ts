import { expect } from 'chai'
import { FAULTS } from '../../../simulations/faults/index.ts'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { REAL_SCENARIOS } from '../../../simulations/scenarios/real/index.ts'
import { realKills } from '../../../simulations/scenarios/real/kills.ts'
import { HANDS } from '../../../simulations/tier2/faults.ts'
import { tier2 } from '../../../simulations/tier2/index.ts'

const messageOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'it ran',
    error => (error instanceof Error ? error.message : String(error)),
  )

describe('faults of tier 2', () => {
  it('are those that the table says it has, and no other', () => {
    const named = Object.values(FAULTS).filter(({ means }) => means[2] !== undefined)
    expect(Object.keys(HANDS).toSorted()).to.deep.equal(named.map(({ name }) => name).toSorted())
  })

  it('are all that its scenarios ask for', () => {
    for (const { name, faults } of REAL_SCENARIOS)
      for (const { kind } of faults) expect(HANDS, `${name}: ${kind}`).to.have.property(kind)
  })

  it('are refused with a sentence where there are none, as are liars', async () => {
    const base = drawScenario(realKills, 1)
    const options = { signal: new AbortController().signal }
    const full = { ...base, faults: [{ kind: 'disk-full', atMs: 0, durationMs: 1, peers: [0] }] }
    expect(await messageOf(tier2.run(full, options))).to.equal("tier 2 has no hands for the fault 'disk-full'")
    const late = { attack: 'double-vote', peers: [0], fromMs: 5 }
    expect(await messageOf(tier2.run({ ...base, attackers: [late] }, options))).to.include('fromMs 5')
    const unknown = { attack: 'lock-violation', peers: [0], fromMs: 0 }
    expect(await messageOf(tier2.run({ ...base, attackers: [unknown] }, options))).to.include('lock-violation')
  })
})
