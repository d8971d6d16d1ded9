import { scenario } from '../scenario/defaults.ts'

export const partitions = scenario({
  name: 'partitions',
  about: 'Halves of the swarm do not hear each other, in both directions, in one, or only some pairs.',
  healAtMs: 90_000,
  faults: [
    { kind: 'partition', perMinute: 2, durationMs: [3000, 15000], who: { share: 0.4 } },
    { kind: 'partition-one-way', perMinute: 2, durationMs: [3000, 12000], who: { count: 1 } },
    { kind: 'partition-partial', perMinute: 2, durationMs: [3000, 12000], who: { share: 0.5 } },
  ],
  reaches: ['view-changed'],
})
