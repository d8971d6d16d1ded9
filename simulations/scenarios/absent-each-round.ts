import { scenario } from '../scenario/defaults.ts'
import type { Scenario } from '../scenario/types.ts'

export const REPLICAS = 16
/** Six candidates get each partition: more would be a test of thin links. */
export const GRADIENT_BYTES = 256 * 1024
/** Everybody has started, and is in the first round. */
const BEGIN_MS = 2_000
const AWAY_MS = 200_000
const EVERYBODY = Array.from({ length: REPLICAS }, (_, peer) => peer)

/** One stage of sixteen, of whose seats an independent share is away in each round. */
function absentEachRound(name: string, share: number): Scenario {
  return scenario({
    name,
    about: `In each round ${100 * share} % of sixteen seats are away, independently: with five or fewer of them the round is decided as ever, with more it waits.`,
    swarm: { stages: 1, replicas: REPLICAS },
    workload: { rounds: 6, target: 4 * REPLICAS, gradientBytes: GRADIENT_BYTES },
    faults: [{ kind: 'absent', atMs: BEGIN_MS, durationMs: AWAY_MS - BEGIN_MS, peers: EVERYBODY, with: { share } }],
    healAtMs: AWAY_MS,
  })
}

export const absentTenth = absentEachRound('absent-10', 0.1)
export const absentThird = absentEachRound('absent-30', 0.3)
