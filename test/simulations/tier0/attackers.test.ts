import { expect } from 'chai'
import { ATTACKS } from '../../../simulations/attackers/index.ts'
import { eventsOf, quick, runSeed } from '../support.ts'

/** What an attack needs to come to act: somebody who catches up, or views that fail. */
const FAULTS: Readonly<Record<string, Parameters<typeof quick>[0]>> = {
  'wrong-state': { healAtMs: 25_000, faults: [{ kind: 'crash', atMs: 3_000, durationMs: 20_000, peers: [2] }] },
}
/** Those that need luck: they act in some seeds of their scenario (`simulations/scenarios`) only. */
const RARE = ['stale-polka']

describe('simulations/attackers', () => {
  for (const attack of Object.values(ATTACKS)) {
    it(`${attack.name} is ${attack.expect === 'harmless' ? 'harmless' : `met with ${attack.expect}`}: ${attack.about}`, function () {
      this.timeout(60_000)
      let acted = 0
      for (let seed = 1; seed <= 3; seed++) {
        const told = runSeed(
          quick({
            attackers: [{ attack: attack.name, who: { stage: 0, count: 1 } }],
            ...FAULTS[attack.name],
            workload: { rounds: 5 },
          }),
          seed,
        )
        expect(told.verdict.verdict, `seed ${seed}: ${told.verdict.sentence}`).to.equal('valid')
        const acts = eventsOf(told, 'attacked')
        acted += acts.length
        const liar = acts[0]?.peer
        if (liar === undefined) continue
        if (attack.expect === 'evidence')
          expect(eventsOf(told, 'evidence').some(({ accused }) => accused === liar)).to.equal(true)
        if (attack.expect === 'refused')
          expect(eventsOf(told, 'refused').some(({ from }) => from === liar)).to.equal(true)
      }
      if (!RARE.includes(attack.name)) expect(acted).to.be.greaterThan(0)
    })
  }
})
