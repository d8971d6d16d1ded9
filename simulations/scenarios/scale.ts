/** Swarms of any size for measuring growth: stages of sixteen on a fast network, short work, no fault. */
import { scenario } from '../scenario/defaults.ts'
import type { Scenario } from '../scenario/types.ts'

/** Seats of a stage: what open networks should have at least. */
export const SCALE_REPLICAS = 16

/** @param peers - rounded to whole stages of at most {@link SCALE_REPLICAS} */
export function scaleScenario(peers: number, rounds: number): Scenario {
  const replicas = Math.min(SCALE_REPLICAS, Math.max(4, peers))
  const stages = Math.max(1, Math.round(peers / replicas))
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
