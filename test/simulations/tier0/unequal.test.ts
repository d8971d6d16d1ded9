import { expect } from 'chai'
import type { Scenario } from '../../../simulations/scenario/types.ts'
import { scaleScenario } from '../../../simulations/scenarios/scale.ts'
import { withSlowPeer } from '../../../simulations/scenarios/slow-peer.ts'
import { stragglers } from '../../../simulations/scenarios/stragglers.ts'
import { thinLinks } from '../../../simulations/scenarios/thin-links.ts'
import { eventsOf, runSeed, type Told } from '../support.ts'

/** Lengths of the rounds after the first, by stage 0's certificates. */
function roundsMs(told: Told): number[] {
  const atMs = new Map<number, number>()
  for (const event of eventsOf(told, 'certified'))
    if (event.stage === 0 && !atMs.has(event.round)) atMs.set(event.round, event.atMs)
  const times = [...atMs.values()]
  return times.slice(1).map((time, index) => time - times[index]!)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

function play(scenario: Scenario, seed: number): Told {
  const told = runSeed(scenario, seed)
  expect(told.verdict.verdict, told.verdict.sentence).to.equal('valid')
  return told
}

describe('simulations/tier0: unequal peers', () => {
  const alike = mean(roundsMs(play(withSlowPeer(null), 1)))

  for (const [stage, position] of ['source', 'middle', 'head'].entries()) {
    it(`rounds take at most 1.4 times as long with a ${position} that is ten times slower, and none is skipped`, function () {
      this.timeout(30_000)
      const told = play(withSlowPeer(stage), 1)
      // Three of four do the work of four: 4/3 is the least.
      expect(mean(roundsMs(told))).to.be.at.most(1.4 * alike)
      const certified = eventsOf(told, 'certified')
      expect(certified.some(({ skip }) => skip)).to.equal(false)
      const seals = (peer: number) => certified.filter(event => event.sealed.some(one => one.peer === peer)).length
      for (let peer = 0; peer < 12; peer++) if (peer !== stage) expect(seals(peer), `peer ${peer}`).to.be.above(0)
    })
  }

  it('second copies go out where sources have no slack, and cost no time', function () {
    this.timeout(60_000)
    // Only rounds of the full target: the first ones are smaller, and have hardly a tail.
    const full = 12
    // Of four seeds one round that happens to be slow makes 5 %.
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
    const [without = [], withCopies = []] = [0, undefined].map(hedges => {
      const { hedges: _, ...workload } = { ...stragglers.workload, rounds: 24 }
      const scenario = {
        ...stragglers,
        healAtMs: 600_000,
        workload: { ...workload, ...(hedges === undefined ? {} : { hedges }) },
      }
      return seeds.map(seed => play(scenario, seed))
    })
    const copies = (runs: readonly Told[]) =>
      runs.map(told => eventsOf(told, 'micro-batch').filter(({ event }) => event === 'hedged').length)
    expect(copies(without)).to.deep.equal(seeds.map(() => 0))
    expect(Math.min(...copies(withCopies))).to.be.above(0)
    const lengths = (runs: readonly Told[]) => mean(runs.flatMap(told => roundsMs(told).slice(full - 1)))
    // That they save time is not shown (consensus/routing, "Hedging").
    expect(lengths(withCopies)).to.be.below(1.05 * lengths(without))
  })

  it('rounds on links that collapse are late, and none is skipped', () => {
    const told = play(thinLinks, 4)
    expect(eventsOf(told, 'certified').some(({ skip }) => skip)).to.equal(false)
  })

  it('the swarm whose growth is measured trains: its first round waits for who is still starting', () => {
    const told = play(scaleScenario({ stages: 6, replicas: 16 }, 1), 1)
    const certified = eventsOf(told, 'certified')
    expect(certified).to.have.length(96)
    expect(certified.some(({ skip }) => skip)).to.equal(false)
  })
})
