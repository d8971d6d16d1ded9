import { scenario } from '../scenario/defaults.ts'

export const thinLinks = scenario({
  name: 'thin-links',
  about: 'Links collapse to a fraction of their rate: partitions come late, candidates after the first take over.',
  healAtMs: 90_000,
  faults: [
    { kind: 'bandwidth', perMinute: 3, durationMs: [10000, 30000], who: { count: 2 }, with: { rate: [0.01, 0.1] } },
  ],
})
