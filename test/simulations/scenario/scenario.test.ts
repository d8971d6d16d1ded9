import { expect } from 'chai'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { parseConcreteScenario, parseScenario } from '../../../simulations/scenario/parse.ts'
import { MIXES, SCENARIOS, scenarioOf } from '../../../simulations/scenarios/index.ts'
import { quick } from '../support.ts'

const base = () => JSON.parse(JSON.stringify(quick({ healAtMs: 60_000 })))

describe('simulations/scenario', () => {
  it('has a library of 25 or more, each with a sentence and its own name', () => {
    const all = Object.values(SCENARIOS)
    expect(all.length).to.be.at.least(25)
    for (const one of all) expect(one.about).to.match(/^[A-Zf].{20,200}\.$/)
  })

  it('reads every scenario of the library, and what is drawn from it, from its JSON', () => {
    for (const one of Object.values(SCENARIOS)) {
      expect(parseScenario(JSON.parse(JSON.stringify(one))), one.name).to.deep.equal(one)
      const drawn = drawScenario(one, 3)
      expect(parseConcreteScenario(JSON.parse(JSON.stringify(drawn))), one.name).to.deep.equal(drawn)
    }
  })

  const wrong: readonly (readonly [string, (value: ReturnType<typeof base>) => void, RegExp])[] = [
    ['an unknown field', value => (value.colour = 'red'), /unknown field colour/],
    ['an unknown inner field', value => (value.workload.roundz = 3), /unknown field workload\.roundz/],
    ['a missing field', value => delete value.timing.voteMs, /timing\.voteMs is missing/],
    ['an impossible number', value => (value.network.loss = 3), /network\.loss must be a number from 0 to 0\.9, not 3/],
    [
      'a checker that does not exist',
      value => (value.checks = ['nothing']),
      /checks\[0\] must be one of .*not "nothing"/,
    ],
    [
      'a fault that does not exist',
      value => (value.faults = [{ kind: 'earthquake', atMs: 0, durationMs: 1, peers: [] }]),
      /faults\[0\]\.kind must be one of/,
    ],
    [
      'an attack that does not exist',
      value => (value.attackers = [{ attack: 'shouting', who: { count: 1 } }]),
      /attackers\[0\]\.attack must be one of/,
    ],
    [
      'a parameter that no fault has',
      value => (value.faults = [{ kind: 'slow', atMs: 0, durationMs: 1, peers: [0], with: { speed: 2 } }]),
      /unknown field faults\[0\]\.with\.speed/,
    ],
    [
      'a parameter outside its bounds',
      value => (value.faults = [{ kind: 'loss', atMs: 0, durationMs: 1, peers: [0], with: { loss: 2 } }]),
      /faults\[0\]\.with\.loss must be a number from 0 to 1/,
    ],
    [
      'a peer that is not there',
      value => (value.faults = [{ kind: 'crash', atMs: 0, durationMs: 1, peers: [99] }]),
      /faults\[0\]\.peers names peer 99 of 8/,
    ],
    [
      'a fault that outlasts the healing',
      value => (value.faults = [{ kind: 'crash', atMs: 50_000, durationMs: 20_000, peers: [0] }]),
      /faults\[0\] ends at 70000 ms, after healAtMs/,
    ],
    ['another version', value => (value.version = 2), /version must be one of 1, not 2/],
  ]
  for (const [what, change, sentence] of wrong) {
    it(`names the field of ${what}`, () => {
      const value = base()
      change(value)
      const parsed = parseScenario(value)
      expect('fault' in parsed ? parsed.fault : 'taken').to.match(sentence)
    })
  }

  it('draws the same from a seed, and leaves the other faults as they are when one is taken away', () => {
    const rates = ['crash', 'loss', 'pause'].map(kind => ({
      kind,
      perMinute: 5,
      durationMs: [100, 1_000] as const,
      who: { count: 1 },
    }))
    const all = quick({ healAtMs: 60_000, faults: rates })
    expect(drawScenario(all, 5)).to.deep.equal(drawScenario(all, 5))
    expect(drawScenario(all, 5).faults).not.to.deep.equal(drawScenario(all, 6).faults)
    const fewer = quick({ healAtMs: 60_000, faults: rates.slice(0, 2) })
    const kept = drawScenario(all, 5).faults.filter(({ kind }) => kind !== 'pause')
    expect(drawScenario(fewer, 5).faults).to.deep.equal(kept)
  })

  it('gives standard seeds of 8 to 32 peers, 2 stages or more, 3 faults or more, liars in about a third', () => {
    let liars = 0
    for (let seed = 1; seed <= 300; seed++) {
      const drawn = drawScenario(scenarioOf('standard', seed) ?? SCENARIOS['calm']!, seed)
      expect(drawn.swarm.stages * drawn.swarm.replicas).to.be.within(8, 32)
      expect(drawn.swarm.stages).to.be.at.least(2)
      expect(drawn.workload.rounds).to.be.at.least(10)
      expect(drawn.faults.length).to.be.at.least(3)
      if (drawn.attackers.length > 0) liars++
    }
    expect(liars).to.be.within(75, 125)
    expect(Object.keys(MIXES)).to.include('standard')
  })
})
