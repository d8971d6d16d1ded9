import { expect } from 'chai'
import type { ConcreteScenario, Fault } from '../../../simulations/scenario/types.ts'
import { fewerFaultsOfAnySeed, joinedFaults, shorterFaults } from '../../../simulations/shrink/faults.ts'
import { harness } from '../cli/small-harness.ts'

const CALM = harness.draw(harness.scenarios[0]!, 1)

const fault = (atMs: number, peers: readonly number[], durationMs = 100): Fault => ({
  kind: 'partition',
  atMs,
  durationMs,
  peers,
})

const withFaults = (faults: readonly Fault[]): ConcreteScenario => ({ ...CALM, seed: 7, healAtMs: 60_000, faults })

describe('faults of a failure that is chaotic', () => {
  it('are left out also where what is left fails under another seed only, which is kept', async () => {
    const scenario = withFaults([0, 1, 2, 3].map(peer => fault(1_000 * peer, [peer])))
    const fails = async ({ seed, faults }: ConcreteScenario): Promise<boolean> =>
      faults.some(({ peers }) => peers.includes(2)) && (faults.length === 4 || seed === 10)
    const small = await fewerFaultsOfAnySeed(scenario, fails)
    expect(small.faults.map(({ peers }) => peers)).to.deep.equal([[2]])
    expect(small.seed).to.equal(10)
  })

  it('become one that lasts as long as two, with the victims of either or of both', async () => {
    const scenario = withFaults([fault(0, [1]), fault(5_000, [3]), fault(20_000, [0])])
    const fails = async ({ faults }: ConcreteScenario): Promise<boolean> =>
      [1, 3].every(peer => faults.some(({ peers }) => peers.includes(peer)))
    const small = await joinedFaults(scenario, fails)
    expect(small.faults).to.deep.equal([fault(0, [1, 3], 20_100)])
  })

  it('last as short as still fails, each for itself', async () => {
    const scenario = withFaults([fault(0, [1], 1_000), fault(5_000, [3], 1_000)])
    const fails = async ({ faults }: ConcreteScenario): Promise<boolean> =>
      faults.every(({ durationMs, peers }) => durationMs >= (peers.includes(1) ? 200 : 600))
    expect((await shorterFaults(scenario, fails)).faults.map(({ durationMs }) => durationMs)).to.deep.equal([
      250, 1_000,
    ])
  })

  it('stay as they are where nothing else fails, after a bounded number of tries', async () => {
    const scenario = withFaults([0, 1, 2, 3].map(peer => fault(1_000 * peer, [peer])))
    let tries = 0
    const never = async (): Promise<boolean> => {
      tries++
      return false
    }
    expect(await joinedFaults(scenario, never)).to.equal(scenario)
    expect(await fewerFaultsOfAnySeed(scenario, never)).to.equal(scenario)
    expect(tries).to.be.below(200)
  })
})
