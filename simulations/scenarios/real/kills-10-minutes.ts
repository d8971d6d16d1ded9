import { KILLS, killedInTurn, WITHOUT_END } from '../chaos.ts'
import { real } from './base.ts'

/** Nobody is killed yet: what the machine does by itself. */
export const CALM_MS = 60_000
/** After the last restart. */
export const AFTERWARDS_MS = 45_000

export const realKillsTenMinutes = real({
  name: 'real-kills-10-minutes',
  about: 'For ten minutes a random peer is killed by kill -9 every 20 s and started again 15 s later.',
  workload: { rounds: 10_000 },
  faults: killedInTurn(1).map(fault => ({ ...fault, atMs: fault.atMs + CALM_MS })),
  healAtMs: CALM_MS + KILLS.forMs,
  limitMs: CALM_MS + KILLS.forMs + 4 * AFTERWARDS_MS,
  checks: WITHOUT_END,
  reaches: ['catch-up/replay'],
})
