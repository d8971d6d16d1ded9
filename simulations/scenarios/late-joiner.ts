import { scenario } from '../scenario/defaults.ts'

export const lateJoiner = scenario({
  name: 'late-joiner',
  about: 'A replica that was away for many rounds takes a snapshot, as the aggregates before it are gone.',
  workload: { rounds: 12, rootEvery: 2 },
  healAtMs: 140_000,
  faults: [{ kind: 'crash', atMs: 8_000, durationMs: 120_000, peers: [1] }],
  reaches: ['catch-up/snapshot'],
})
