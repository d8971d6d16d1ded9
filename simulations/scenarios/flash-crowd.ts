import { scenario } from '../scenario/defaults.ts'

export const flashCrowd = scenario({
  name: 'flash-crowd',
  about: 'Half of the swarm is away and comes at once.',
  healAtMs: 60_000,
  faults: [{ kind: 'flash-crowd', atMs: 5_000, durationMs: 50_000, peers: [0, 1, 2, 3] }],
  reaches: ['catch-up/replay'],
})
