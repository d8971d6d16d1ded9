import { scenario } from '../scenario/defaults.ts'

export const restoredBackup = scenario({
  name: 'restored-backup',
  about: 'A machine starts on a copy of its disk from before the last final anchor.',
  swarm: { stages: 2, replicas: 5 },
  workload: { rounds: 14 },
  healAtMs: 140_000,
  faults: [{ kind: 'restart-stale', atMs: 5_000, durationMs: 95_000, peers: [0], with: { backMs: 90_000 } }],
  reaches: ['restarted-stale', 'journal-suspended'],
})
