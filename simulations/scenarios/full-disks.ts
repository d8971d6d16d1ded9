import { scenario } from '../scenario/defaults.ts'

export const fullDisks = scenario({
  name: 'full-disks',
  about: 'Disks fill up: who cannot remember what it says must not say it.',
  healAtMs: 90_000,
  faults: [{ kind: 'disk-full', perMinute: 2, durationMs: [3000, 15000], who: { count: 1 } }],
  reaches: ['disk-full'],
})
