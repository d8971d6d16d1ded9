import { scenario } from '../scenario/defaults.ts'

export const openInternet = scenario({
  name: 'open-internet',
  about:
    'Sixteen peers at public addresses find each other through two of them and train, while strangers poison the DHT and flood gossip, machines crash and links are cut.',
  tiers: [1],
  swarm: { stages: 2, replicas: 8 },
  workload: { rounds: 12, forwardMs: 2_000, backwardMs: 4_000, target: 16 },
  network: { loss: 0.002, jitterMs: 10 },
  faults: [
    { kind: 'dht-poisoned', atMs: 20_000, durationMs: 40_000, peers: [3, 8] },
    { kind: 'crash', atMs: 40_000, durationMs: 20_000, peers: [5] },
    { kind: 'gossip-flood', atMs: 60_000, durationMs: 20_000, peers: [2], with: { perSecond: 5 } },
    { kind: 'partition', atMs: 100_000, durationMs: 20_000, peers: [4, 7] },
  ],
  healAtMs: 130_000,
  reaches: ['restarted', 'restored-from-disk'],
})
