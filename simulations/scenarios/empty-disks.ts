import { scenario } from '../scenario/defaults.ts'

export const emptyDisks = scenario({
  name: 'empty-disks',
  about: 'A machine loses its disk after the stage was anchored: it follows until a certificate was made without it.',
  swarm: { stages: 2, replicas: 5 },
  workload: { rounds: 14 },
  healAtMs: 140_000,
  faults: [{ kind: 'restart-empty', atMs: 95_000, durationMs: 5_000, peers: [0] }],
  reaches: ['journal-suspended', 'journal-resumed'],
})
