import { scenario } from '../scenario/defaults.ts'

export const flashCrowd = scenario({
  name: 'flash-crowd',
  about: 'As many as may fail in each stage are away, and come at once.',
  swarm: { stages: 2, replicas: 7 },
  healAtMs: 60_000,
  faults: [{ kind: 'flash-crowd', atMs: 5_000, durationMs: 50_000, peers: [0, 1, 2, 3] }],
  reaches: ['catch-up/replay'],
})
