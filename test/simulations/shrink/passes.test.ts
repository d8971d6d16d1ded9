import { expect } from 'chai'
import fc from 'fast-check'
import { stageOf } from '../../../simulations/scenario/draw.ts'
import type { ConcreteScenario } from '../../../simulations/scenario/types.ts'
import { PASSES } from '../../../simulations/shrink/passes.ts'
import { resized } from '../../../simulations/shrink/sizes.ts'
import type { Failure } from '../../../simulations/shrink/types.ts'
import { harness } from '../cli/small-harness.ts'

const CALM = harness.draw(harness.scenarios[0]!, 1)

const cases = fc
  .record({ stages: fc.integer({ min: 1, max: 5 }), replicas: fc.integer({ min: 4, max: 9 }) })
  .chain(swarm =>
    fc.record({
      swarm: fc.constant(swarm),
      stages: fc.integer({ min: 1, max: swarm.stages }),
      replicas: fc.integer({ min: 4, max: swarm.replicas }),
      victims: fc.uniqueArray(fc.nat(swarm.stages * swarm.replicas - 1), { maxLength: 6 }),
      liars: fc.uniqueArray(fc.nat(swarm.stages * swarm.replicas - 1), { minLength: 1, maxLength: 3 }),
    }),
  )

describe('a scenario with a smaller swarm', () => {
  it('names only peers that are there, each once, and as many of those that were named as there is room for', () => {
    fc.assert(
      fc.property(cases, ({ swarm, stages, replicas, victims, liars }) => {
        const scenario: ConcreteScenario = {
          ...CALM,
          swarm,
          faults: [{ kind: 'crash', atMs: 1, durationMs: 1, peers: victims }],
          attackers: [{ attack: 'equivocate', peers: liars, fromMs: 0 }],
        }
        for (let first = 0; first + stages <= swarm.stages; first++) {
          const small = resized(scenario, { stages, replicas }, first)
          const named = small.attackers.flatMap(({ peers }) => peers)
          const kept = liars.filter(
            peer => stageOf(scenario, peer) >= first && stageOf(scenario, peer) < first + stages,
          )
          expect(named.length).to.equal(kept.length)
          expect(new Set(named).size).to.equal(named.length)
          for (const peer of [...named, ...small.faults.flatMap(({ peers }) => peers)]) {
            expect(peer).to.be.within(0, stages * replicas - 1)
          }
        }
      }),
    )
  })

  it('keeps who is in whose stage, and what is special about a peer', () => {
    const scenario: ConcreteScenario = {
      ...CALM,
      swarm: { stages: 3, replicas: 6, peers: [{ index: 10, speed: 0.1 }] },
      faults: [{ kind: 'partition', atMs: 1, durationMs: 1, peers: [10, 13, 4, 3] }],
      attackers: [],
    }
    // Peers 10, 13 and 4 sit in stage 1, peer 3 in stage 0.
    const small = resized(scenario, { stages: 1, replicas: 4 }, 1)
    expect(small.faults[0]?.peers).to.deep.equal([0, 1, 2])
    expect(small.swarm.peers).to.deep.equal([{ index: 0, speed: 0.1 }])
  })

  it('loses a fault whose peers are all gone, and keeps one that is the whole swarm’s', () => {
    const fault = { atMs: 1, durationMs: 1 }
    const faults = [
      { ...fault, kind: 'crash', peers: [1] },
      { ...fault, kind: 'chain-stall', peers: [] },
    ]
    const small = resized({ ...CALM, faults }, { stages: 1, replicas: 4 }, 0)
    expect(small.faults.map(({ kind }) => kind)).to.deep.equal(['chain-stall'])
  })
})

describe('the passes of a shrinking', () => {
  const always = async (): Promise<boolean> => true

  async function shrunk(kind: 'safety' | 'liveness'): Promise<ConcreteScenario> {
    let scenario = CALM
    const failure: Failure = { kind, tier: 0, fromMs: 0, atMs: CALM.limitMs, patterns: new Set() }
    for (const { run } of PASSES) scenario = await run(scenario, always, failure)
    return scenario
  }

  it('cut the time only where the promise is one of safety: less of it breaks liveness by itself', async () => {
    expect((await shrunk('safety')).limitMs).to.be.lessThan(CALM.limitMs)
    expect((await shrunk('liveness')).limitMs).to.equal(CALM.limitMs)
  })

  it('leave one stage of four seats and one round where everything fails', async () => {
    const { swarm, workload } = await shrunk('safety')
    expect(swarm).to.deep.equal({ stages: 1, replicas: 4 })
    expect(workload.rounds).to.equal(1)
  })
})
