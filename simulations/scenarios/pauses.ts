import { scenario } from '../scenario/defaults.ts'

export const pauses = scenario({
  name: 'pauses',
  about: 'Laptops are closed and opened: a process stands still and does not notice.',
  healAtMs: 90_000,
  faults: [{ kind: 'pause', perMinute: 4, durationMs: [2000, 25000], who: { count: 1 } }],
})
