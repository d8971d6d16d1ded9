import { scenario } from '../scenario/defaults.ts'

export const churn = scenario({
  name: 'churn',
  about: 'Peers leave and come back all the time, some by day and night.',
  healAtMs: 90_000,
  faults: [
    { kind: 'leave', perMinute: 5, durationMs: [5000, 25000], who: { count: 1 } },
    { kind: 'diurnal', perMinute: 1, durationMs: [20000, 60000], who: { count: 2 } },
  ],
})
