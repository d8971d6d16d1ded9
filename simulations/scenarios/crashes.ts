import { scenario } from '../scenario/defaults.ts'

export const crashes = scenario({
  name: 'crashes',
  about: 'Machines die and start again on their data; the rounds go on.',
  healAtMs: 90_000,
  faults: [{ kind: 'crash', perMinute: 3, durationMs: [2000, 20000], who: { count: 1 } }],
  reaches: ['restarted', 'restored-from-disk', 'round-restored'],
})
