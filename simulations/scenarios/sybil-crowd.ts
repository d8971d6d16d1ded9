import { scenario } from '../scenario/defaults.ts'

export const sybilCrowd = scenario({
  name: 'sybil-crowd',
  about:
    'Dozens of identities without a bond join the DHT and connect to every peer: they cost connections, and have no say.',
  tiers: [1],
  workload: { rounds: 3 },
  healAtMs: 40_000,
  faults: [{ kind: 'sybil', atMs: 8_000, durationMs: 30_000, peers: [0, 1, 2, 3, 4, 5, 6, 7] }],
  reaches: ['crowded-by-strangers'],
})
