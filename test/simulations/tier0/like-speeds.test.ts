import { expect } from 'chai'
import { scenario } from '../../../simulations/scenario/defaults.ts'
import { eventsOf, runSeed } from '../support.ts'

/** Lengths of stage 0's rounds in seconds, and the reports. Three stages of four. */
function play(
  slow: readonly number[],
  seed: number,
  rounds: number,
): { readonly lengthsS: readonly number[]; readonly told: number } {
  const run = runSeed(
    scenario({
      name: 'like-speeds',
      about: 'for a test',
      swarm: { stages: 3, replicas: 4, peers: slow.map(index => ({ index, speed: 0.1 })) },
      workload: { target: 24, rounds },
      chain: { epochBlocks: 64 },
      limitMs: 3_600_000,
    }),
    seed,
  )
  expect(run.verdict.verdict, run.verdict.sentence).to.equal('valid')
  const atMs = new Map<number, number>()
  for (const { stage, round, atMs: at } of eventsOf(run, 'certified'))
    if (stage === 0 && !atMs.has(round)) atMs.set(round, at)
  const times = [...atMs.values()]
  return {
    lengthsS: times.slice(1).map((time, index) => (time - times[index]!) / 1_000),
    told: run.reached['speeds-told'] ?? 0,
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('simulations/tier0: lanes of like speeds', () => {
  for (const seed of [1, 2, 3, 5]) {
    it(`the slow machine of each stage meet in one lane and stay there, seed ${seed}`, function () {
      this.timeout(60_000)
      const { lengthsS } = play([0, 1, 2], seed, 40)
      // Three lanes of four do the work of four in 30 s; a slow machine in each of three takes 40 s and more.
      const settled = lengthsS.slice(24)
      expect(mean(settled)).to.be.below(34)
      expect(settled.filter(length => length > 40).length).to.be.at.most(1)
    })
  }

  it('equal machines tell their speeds once, and their lanes stay salted', function () {
    this.timeout(60_000)
    const { lengthsS, told } = play([], 1, 40)
    expect(told).to.equal(12)
    expect(mean(lengthsS.slice(24))).to.be.below(31)
  })
})
