import { real } from './base.ts'

export const realOneWay = real({
  name: 'real-one-way',
  about: 'A replica hears the others and is not heard: its stage decides without it and takes it back.',
  workload: { rounds: 60 },
  faults: [{ kind: 'partition-one-way', atMs: 6_000, durationMs: 20_000, peers: [2] }],
  healAtMs: 26_000,
})
