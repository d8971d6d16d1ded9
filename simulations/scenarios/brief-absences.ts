import { real } from './real/base.ts'

const AWAY_MS = 10_000

/** Rounds of some two seconds, of which a machine misses several while it starts again, and epochs of two minutes. */
export const briefAbsences = real({
  name: 'brief-absences',
  about:
    'Spares wait, and rounds are short. Two machines are away for ten seconds each and keep their seats; one is gone for good, and a spare takes its place.',
  tiers: [0],
  swarm: { stages: 2, replicas: 4, spares: 2 },
  chain: { blockMs: 3_000, epochBlocks: 40 },
  workload: { rounds: 170, forwardMs: 140, backwardMs: 280, boundaryBytes: 32_768, gradientBytes: 262_144 },
  faults: [
    { kind: 'crash', atMs: 30_000, durationMs: AWAY_MS, peers: [1] },
    { kind: 'pause', atMs: 55_000, durationMs: AWAY_MS, peers: [2] },
    { kind: 'crash', atMs: 80_000, durationMs: 300_000, peers: [3] },
  ],
  healAtMs: 380_000,
  limitMs: 1_200_000,
  reaches: ['decided/remove-absent', 'decided/admit', 'seat-taken'],
})
