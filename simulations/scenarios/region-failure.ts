import { scenario } from '../scenario/defaults.ts'

export const regionFailure = scenario({
  name: 'region-failure',
  about: 'A region with a third of the machines goes dark and comes back.',
  swarm: { stages: 3, replicas: 4 },
  healAtMs: 80_000,
  faults: [{ kind: 'region-failure', atMs: 25_000, durationMs: 45_000, peers: [0, 4, 8] }],
  reaches: ['catch-up/replay'],
})
