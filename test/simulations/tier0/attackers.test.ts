import { expect } from 'chai'
import { ATTACKS } from '../../../simulations/attackers/index.ts'
import { QUICK_LEASES } from '../../../simulations/scenarios/quorum-lost.ts'
import { eventsOf, quick, runSeed } from '../support.ts'

/** What an attack needs to come to act: somebody who catches up, or views that fail. */
const SETTINGS: Readonly<Record<string, Parameters<typeof quick>[0]>> = {
  'wrong-state': {
    attackers: [{ attack: 'wrong-state', who: { peers: [0] } }],
    healAtMs: 25_000,
    faults: [{ kind: 'crash', atMs: 3_000, durationMs: 20_000, peers: [2] }],
  },
  'wrong-backward': { attackers: [{ attack: 'wrong-backward', who: { stage: 1, count: 1 } }] },
  'lone-claim': {
    swarm: { stages: 1, replicas: 4, spares: 2 },
    chain: QUICK_LEASES,
    limitMs: 700_000,
    healAtMs: 12_000,
    faults: [{ kind: 'gone', atMs: 10_000, durationMs: 1_000, peers: [1, 2] }],
    attackers: [{ attack: 'lone-claim', who: { peers: [0] } }],
  },
  'false-speeds': { chain: { epochBlocks: 6 }, attackers: [{ attack: 'false-speeds', who: { stage: 1, count: 1 } }] },
  'not-finite': { attackers: [{ attack: 'not-finite', who: { stage: 1, count: 1 } }] },
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
            ...SETTINGS[attack.name],
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
