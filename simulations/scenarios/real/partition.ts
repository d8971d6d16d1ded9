import { real } from './base.ts'

export const realPartition = real({
  name: 'real-partition',
  about: 'One stage cannot reach the other for 20 s: both wait, and go on where they stood.',
  workload: { rounds: 40 },
  faults: [{ kind: 'partition', atMs: 8_000, durationMs: 20_000, peers: [1, 3, 5, 7] }],
  healAtMs: 28_000,
})
