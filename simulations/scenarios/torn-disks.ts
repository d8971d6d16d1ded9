import { scenario } from '../scenario/defaults.ts'

export const tornDisks = scenario({
  name: 'torn-disks',
  about: 'The last round is not on the disk after a crash; the siblings have it.',
  healAtMs: 90_000,
  faults: [{ kind: 'restart-torn', perMinute: 2, durationMs: [2000, 8000], who: { count: 1 } }],
  reaches: ['catch-up/replay'],
})
