import { scenario } from '../scenario/defaults.ts'

export const killedAtWrites = scenario({
  name: 'killed-at-writes',
  about: 'Processes die at the flush of a vote, before it or after it, and must not contradict themselves.',
  healAtMs: 90_000,
  faults: [
    { kind: 'kill-at-write', perMinute: 12, durationMs: [500, 3000], who: { count: 2 }, with: { after: [0, 1] } },
  ],
  reaches: ['killed-at-write', 'round-restored'],
})
