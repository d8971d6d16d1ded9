import { scenario } from '../scenario/defaults.ts'

const HEAL_MS = 6_000

/** Small, so that a seed costs a few milliseconds: each is another moment of a round at which the stage is cut. */
export const halves = scenario({
  name: 'halves',
  about:
    'A stage is cut in two halves at any moment of a round, and healed: neither half decides alone, and there is one history.',
  swarm: { stages: 1, replicas: 4 },
  workload: {
    ...{ rounds: 5, target: 4, forwardMs: 40, backwardMs: 80, boundaryBytes: 20_000 },
    ...{ gradientBytes: 40_000, gradientValues: 16 },
  },
  timing: { proposeMs: 900, voteMs: 500, graceCapMs: 300, reduceMs: 1_000, hopMs: 2_000, drainMs: 500, roundMs: 3_000 },
  healAtMs: HEAL_MS,
  faults: [{ kind: 'partition', perMinute: 40, durationMs: [1_000, 4_000], who: { count: 2 } }],
  reaches: ['view-changed'],
})
