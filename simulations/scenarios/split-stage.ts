import { scenario } from '../scenario/defaults.ts'

export const splitStage = scenario({
  name: 'split-stage',
  about: 'A stage is cut in two halves during votes, again and again: locks and polkas must survive it.',
  swarm: { stages: 1, replicas: 4 },
  workload: { forwardMs: 300, backwardMs: 600 },
  healAtMs: 90_000,
  faults: [
    { kind: 'partition', perMinute: 14, durationMs: [1500, 6000], who: { count: 2 } },
    { kind: 'delay', perMinute: 10, durationMs: [2000, 6000], who: { count: 2 }, with: { delayMs: [500, 3000] } },
  ],
  reaches: ['view-change-with-lock', 'valid-value-reproposed'],
})
