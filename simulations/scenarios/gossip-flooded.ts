import { scenario } from '../scenario/defaults.ts'

export const gossipFlooded = scenario({
  name: 'gossip-flooded',
  about: 'A stranger publishes what nobody can read on the topics of the run: it is not passed on.',
  tiers: [1],
  workload: { rounds: 3 },
  healAtMs: 40_000,
  faults: [
    { kind: 'gossip-flood', atMs: 8_000, durationMs: 25_000, peers: [0, 1, 2, 3, 4, 5, 6, 7], with: { perSecond: 5 } },
  ],
  reaches: ['gossip-refused'],
})
