import { scenario } from '../scenario/defaults.ts'

export const replayedRecords = scenario({
  name: 'replayed-records',
  about:
    'A peer comes back on an empty disk and announces itself anew, while strangers put its old record again and again: the newer one stays.',
  tiers: [1],
  swarm: { stages: 2, replicas: 5 },
  workload: { rounds: 4 },
  healAtMs: 70_000,
  faults: [
    { kind: 'dht-replayed', atMs: 4_000, durationMs: 60_000, peers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
    { kind: 'dht-stale', atMs: 4_000, durationMs: 60_000, peers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
  ],
  reaches: ['record-refused/stale-record'],
})
