import { expect } from 'chai'
import type { ConcreteScenario, Fault } from '../../../simulations/scenario/types.ts'
import { smallSchedules } from '../../../simulations/shrink/search.ts'
import type { Fails, Failure } from '../../../simulations/shrink/types.ts'
import type { SimEvent } from '../../../simulations/trace/types.ts'
import { harness } from '../cli/small-harness.ts'

const CALM = harness.draw(harness.scenarios[0]!, 1)
const FAILURE: Failure = { kind: 'safety', tier: 0, fromMs: 0, atMs: 30_000, patterns: new Set() }

const GIVEN: ConcreteScenario = {
  ...CALM,
  healAtMs: 20_000,
  faults: [0, 1, 2, 3, 4, 5].map(peer => ({
    kind: peer < 3 ? 'pause' : 'delay',
    atMs: 1_000 * peer,
    durationMs: 400,
    peers: [peer],
  })),
}

/** A round whose peers say something each second, and say it late where they were paused just then. */
function tell({ swarm, faults }: ConcreteScenario, onEvent: ((event: SimEvent) => void) | undefined): void {
  for (let peer = 0; peer < swarm.stages * swarm.replicas; peer++) {
    for (let view = 0; view < 3; view++) {
      const atMs = 1_000 * (view + 1)
      const isPaused = faults.some(fault => fault.kind === 'pause' && fault.peers.includes(peer) && isOn(fault, atMs))
      onEvent?.({
        type: 'signed',
        atMs: atMs + (isPaused ? 100 : 0),
        peer,
        stage: 0,
        round: 1,
        kind: 'prevote',
        slot: null,
        essence: '',
        view,
        value: isPaused ? null : 'a',
      })
    }
  }
}

const isOn = ({ atMs, durationMs }: Fault, timeMs: number): boolean => atMs < timeMs && atMs + durationMs > timeMs

describe('a search for a small schedule', () => {
  it('finds three faults that must each be on at the time of an event, and tries the same ones each time', async () => {
    const run = async (): Promise<{ found: ConcreteScenario; tries: number }> => {
      let tries = 0
      const fails: Fails = async (candidate, onEvent) => {
        tries++
        tell(candidate, onEvent)
        const { faults } = candidate
        return [1_000, 2_000, 3_000].every((timeMs, view) =>
          faults.some(fault => fault.kind === 'pause' && fault.peers.includes(view) && isOn(fault, timeMs)),
        )
      }
      return { found: await smallSchedules({ few: 5, many: 5 })(GIVEN, fails, FAILURE), tries }
    }
    const [first, second] = [await run(), await run()]
    expect(first).to.deep.equal(second)
    const { found } = first
    expect(found.faults.length).to.equal(3)
    expect(found.swarm.stages).to.equal(1)
    expect(found.swarm.replicas).to.be.within(4, 5)
    expect(found.workload.rounds).to.equal(1)
    expect(harness.parse(found)).to.deep.equal(found)
    for (const { atMs, durationMs } of found.faults) expect(atMs + durationMs).to.be.at.most(found.healAtMs)
  })

  it('asks first whether no fault is needed, then each liar alone', async () => {
    const seen: string[] = []
    const fails: Fails = async ({ attackers, faults }) => {
      seen.push(`${attackers.map(({ attack }) => attack).join()} ${faults.length}`)
      return attackers.some(({ attack }) => attack === 'b')
    }
    const attackers = ['a', 'b'].map((attack, peer) => ({ attack, peers: [peer], fromMs: 0 }))
    const found = await smallSchedules({ few: 1, many: 1 })({ ...GIVEN, attackers }, fails, FAILURE)
    expect(found.faults).to.deep.equal([])
    expect(found.attackers.map(({ attack }) => attack)).to.deep.equal(['b'])
    expect([...new Set(seen)]).to.deep.equal([' 0', 'a 0', 'b 0'])
  })

  it('gives up after a bounded number of tries, and leaves what is small, or runs slowly, as it is', async () => {
    let tries = 0
    const never: Fails = async (candidate, onEvent) => {
      tries++
      tell(candidate, onEvent)
      return false
    }
    expect(await smallSchedules({ few: 2, many: 2 })(GIVEN, never, FAILURE)).to.equal(GIVEN)
    expect(tries).to.be.within(2_000, 2_100)
    tries = 0
    const small = { ...GIVEN, swarm: { stages: 1, replicas: 4 }, faults: GIVEN.faults.slice(0, 3) }
    expect(await smallSchedules({ few: 2, many: 2 })(small, never, FAILURE)).to.equal(small)
    expect(await smallSchedules({ few: 2, many: 2 })(GIVEN, never, { ...FAILURE, tier: 1 })).to.equal(GIVEN)
    expect(tries).to.equal(0)
  })
})
