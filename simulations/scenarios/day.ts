import { scenario } from '../scenario/defaults.ts'
import { WITHOUT_END } from './chaos.ts'

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
/** Peers of two halves of the world: when the ones work at their machines, the others sleep. */
const EAST = [0, 1, 2, 3]
const WEST = [4, 5, 6, 7]

/** Twenty-four hours of rounds of a minute or two: machines slow by day, and one after the other away for a while. */
export const day = scenario({
  name: 'day',
  about:
    'Twenty-four hours: machines are slow by their own day, some leave for minutes at any time, and two spares wait.',
  swarm: { stages: 2, replicas: 4, spares: 2 },
  workload: { rounds: 100_000, forwardMs: 7_000, backwardMs: 14_000 },
  timing: { roundMs: 600_000, drainMs: 50_000, hopMs: 80_000, proposeMs: 10_000, voteMs: 5_000, reduceMs: 20_000 },
  chain: { blockMs: 12_000, epochBlocks: 64 },
  faults: [
    { kind: 'diurnal', atMs: 0, durationMs: DAY_MS - HOUR_MS, peers: EAST, with: { factor: 3, periodMs: DAY_MS } },
    {
      kind: 'diurnal',
      atMs: DAY_MS / 2,
      durationMs: DAY_MS / 2 - HOUR_MS,
      peers: WEST,
      with: { factor: 3, periodMs: DAY_MS },
    },
    { kind: 'leave', perMinute: 0.05, durationMs: [120_000, 900_000], who: { count: 1 } },
  ],
  healAtMs: DAY_MS,
  limitMs: DAY_MS,
  checks: WITHOUT_END,
})
