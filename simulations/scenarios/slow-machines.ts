import { scenario } from '../scenario/defaults.ts'

export const slowMachines = scenario({
  name: 'slow-machines',
  about: 'Some machines become ten times slower for a while; their work goes to others.',
  healAtMs: 90_000,
  faults: [{ kind: 'slow', perMinute: 3, durationMs: [10000, 40000], who: { count: 2 }, with: { factor: [3, 12] } }],
  reaches: ['forward-rerouted'],
})
