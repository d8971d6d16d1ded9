import { scenario } from '../scenario/defaults.ts'

export const gossipSilent = scenario({
  name: 'gossip-silent',
  about: 'Gossip does not reach two peers and comes late to others: they hear by asking what they were not told.',
  tiers: [1],
  workload: { rounds: 4 },
  healAtMs: 60_000,
  faults: [
    { kind: 'gossip-withheld', atMs: 5_000, durationMs: 50_000, peers: [1, 4] },
    { kind: 'gossip-late', atMs: 5_000, durationMs: 50_000, peers: [2, 3] },
  ],
  reaches: ['gossip-withheld', 'gossip-late'],
})
