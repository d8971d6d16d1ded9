import { scenario } from '../scenario/defaults.ts'

export const poisonedDht = scenario({
  name: 'poisoned-dht',
  about:
    'Strangers put bytes that nobody signed under the keys of all peers, while one of them starts anew and looks for the others.',
  tiers: [1],
  workload: { rounds: 4 },
  healAtMs: 50_000,
  faults: [
    { kind: 'dht-poisoned', atMs: 5_000, durationMs: 40_000, peers: [0, 1, 2, 3, 4, 5, 6, 7] },
    { kind: 'crash', atMs: 15_000, durationMs: 5_000, peers: [5] },
  ],
  reaches: ['record-refused/bad-encoding', 'restarted'],
})
