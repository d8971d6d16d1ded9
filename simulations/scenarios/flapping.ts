import { scenario } from '../scenario/defaults.ts'

export const flapping = scenario({
  name: 'flapping',
  about: 'Links come and go every few seconds.',
  healAtMs: 90_000,
  faults: [{ kind: 'flapping', perMinute: 3, durationMs: [5000, 25000], who: { count: 2 } }],
})
