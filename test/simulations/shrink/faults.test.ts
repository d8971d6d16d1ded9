import { expect } from 'chai'
import type { ConcreteScenario, Fault } from '../../../simulations/scenario/types.ts'
import { fewerFaultsOfAnySeed, joinedFaults, redrawnFaults } from '../../../simulations/shrink/faults.ts'
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

  it('are drawn anew in the end: a few in one round, of the same kinds and for as many peers', async () => {
    const scenario = withFaults([0, 1, 2, 3, 4].map(peer => fault(1_000 * peer, [peer % 4])))
    const fails = async ({ faults }: ConcreteScenario): Promise<boolean> =>
      faults.filter(({ peers }) => peers.includes(2)).length >= 2
    const small = await redrawnFaults(scenario, fails)
    expect(await fails(small)).to.equal(true)
    expect(small.faults.length).to.be.within(2, 3)
    expect(small.workload.rounds).to.equal(1)
    for (const { kind, durationMs, peers, atMs } of small.faults) {
      expect({ kind, durationMs, victims: peers.length }).to.deep.equal({
        kind: 'partition',
        durationMs: 100,
        victims: 1,
      })
      expect(atMs).to.be.below(scenario.healAtMs)
    }
  })

  it('stay as they are where nothing else fails, after a bounded number of tries', async () => {
    const scenario = withFaults([0, 1, 2, 3].map(peer => fault(1_000 * peer, [peer])))
    let tries = 0
    const never = async (): Promise<boolean> => {
      tries++
      return false
    }
    expect(await redrawnFaults(scenario, never)).to.equal(scenario)
    expect(await joinedFaults(scenario, never)).to.equal(scenario)
    expect(await fewerFaultsOfAnySeed(scenario, never)).to.equal(scenario)
    expect(tries).to.be.below(11_000)
  })
})
