import { scenario } from '../scenario/defaults.ts'

export const splitStage = scenario({
  name: 'split-stage',
  about: 'A stage is cut during votes, again and again: locks and polkas must survive it.',
  swarm: { stages: 1, replicas: 4 },
  peer: { latency: 'wan' },
  network: { jitterMs: 60 },
  workload: { rounds: 40, target: 4, forwardMs: 40, backwardMs: 80, boundaryBytes: 20_000, gradientBytes: 40_000 },
  timing: { proposeMs: 900, voteMs: 500, graceCapMs: 300, reduceMs: 1_000, hopMs: 2_000, drainMs: 500 },
  healAtMs: 60_000,
  faults: [
    { kind: 'partition', perMinute: 40, durationMs: [200, 1500], who: { count: 2 } },
    { kind: 'partition-one-way', perMinute: 30, durationMs: [200, 1500], who: { count: 2 } },
    { kind: 'delay', perMinute: 30, durationMs: [300, 1500], who: { count: 2 }, with: { delayMs: [200, 1500] } },
  ],
  reaches: ['view-change-with-lock', 'valid-value-reproposed'],
})
