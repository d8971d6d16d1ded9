import { real } from './base.ts'

export const realSlowLinks = real({
  name: 'real-slow-links',
  about:
    'Links of 160 ms there and back, 1 % loss and 20 Mbit/s, and two peers that lose most of that: slower, not otherwise.',
  peer: { latency: 'wan', upMbps: 20, downMbps: 50 },
  network: { loss: 0.01, jitterMs: 5 },
  workload: { rounds: 6 },
  faults: [{ kind: 'bandwidth', atMs: 10_000, durationMs: 15_000, peers: [2, 5], with: { rate: 0.1 } }],
  healAtMs: 25_000,
})
