import { scenario } from '../scenario/defaults.ts'

export const tornDisks = scenario({
  name: 'torn-disks',
  about: 'Losses of power: what was flushed is on the disk; the siblings have what lacks.',
  healAtMs: 90_000,
  faults: [{ kind: 'restart-torn', perMinute: 2, durationMs: [2000, 8000], who: { count: 1 } }],
  reaches: ['catch-up/replay'],
})
