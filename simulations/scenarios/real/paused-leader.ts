import { real } from './base.ts'

export const realPausedLeader = real({
  name: 'real-paused-leader',
  about:
    'One replica of each stage after the other stands still for 8 s, leaders among them: the next in rank proposes.',
  workload: { rounds: 60 },
  faults: [0, 1, 2, 3].map(turn => ({
    kind: 'pause',
    atMs: 5_000 + turn * 9_000,
    durationMs: 8_000,
    peers: [2 * turn, 2 * turn + 1],
  })),
  healAtMs: 40_000,
  reaches: ['view-changed'],
})
