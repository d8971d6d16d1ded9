import { real } from './base.ts'

export const realKills = real({
  name: 'real-kills',
  about:
    'Peers are killed by kill -9, one after the other, and come back on their data: nothing that was certified is lost.',
  workload: { rounds: 80 },
  faults: [{ kind: 'crash', perMinute: 8, durationMs: [1_000, 5_000], who: { count: 1 } }],
  healAtMs: 40_000,
  reaches: ['catch-up/replay'],
})
