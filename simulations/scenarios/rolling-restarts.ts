import { scenario } from '../scenario/defaults.ts'

export const rollingRestarts = scenario({
  name: 'rolling-restarts',
  about: 'One machine after the other is updated: away for half a minute, then back.',
  healAtMs: 90_000,
  faults: [{ kind: 'leave', perMinute: 2, durationMs: [20000, 40000], who: { count: 1 } }],
  reaches: ['catch-up/replay'],
})
