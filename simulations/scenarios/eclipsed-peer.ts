import { scenario } from '../scenario/defaults.ts'

export const eclipsedPeer = scenario({
  name: 'eclipsed-peer',
  about:
    'Strangers crowd around a peer, more than there are peers, while it starts anew: its own address book and its siblings find it.',
  tiers: [1],
  workload: { rounds: 4 },
  healAtMs: 50_000,
  faults: [
    { kind: 'eclipse', atMs: 12_000, durationMs: 35_000, peers: [3] },
    { kind: 'crash', atMs: 20_000, durationMs: 6_000, peers: [3] },
  ],
  reaches: ['crowded-by-strangers', 'restarted'],
})
