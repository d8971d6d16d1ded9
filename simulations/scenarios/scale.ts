/** Swarms of any size for measuring growth: a fast network, short work, so that it comes through hundreds of stages, no fault. */
import { scenario } from '../scenario/defaults.ts'
import type { Scenario } from '../scenario/types.ts'

export function scaleScenario({ stages, replicas }: Scenario['swarm'], rounds: number): Scenario {
  return scenario({
    name: `scale-${stages * replicas}`,
    about: 'How time, messages and memory grow with the number of peers.',
    swarm: { stages, replicas },
    peer: { latency: 'lan', upMbps: 1_000, downMbps: 1_000 },
    network: { jitterMs: 1 },
    chain: { blockMs: 6_000, epochBlocks: 64, anchorEvery: 4 },
    workload: {
      rounds,
      target: 4 * replicas,
      forwardMs: 10,
      backwardMs: 20,
      boundaryBytes: 50_000,
      gradientBytes: 100_000,
      gradientValues: 16,
      rootEvery: 8,
    },
    // A micro-batch passes all stages twice.
    timing: { roundMs: 60_000 + 200 * stages, hopMs: 2_000, drainMs: Math.max(20, Math.round(2_000 / stages)) },
    limitMs: 3_600_000,
  })
}
