import { scenario } from '../scenario/defaults.ts'

export const duplicatesAndDisorder = scenario({
  name: 'duplicates-and-disorder',
  about: 'Messages arrive twice and overtake each other.',
  healAtMs: 90_000,
  faults: [
    { kind: 'duplicate', perMinute: 4, durationMs: [5000, 30000], who: { share: 0.5 } },
    { kind: 'reorder', perMinute: 4, durationMs: [5000, 30000], who: { share: 0.5 } },
  ],
})
