import { scenario } from '../scenario/defaults.ts'
import type { Scenario } from '../scenario/types.ts'

const SPEED = 0.1
const STAGES = 3

/** The same swarm with the first peer of a stage ten times slower; null: all alike. */
export function withSlowPeer(stage: number | null): Scenario {
  return scenario({
    name: 'slow-peer',
    about:
      'One machine is ten times slower than the others: rounds do not wait for it, and its lane still does its share.',
    swarm: { stages: STAGES, replicas: 4, peers: stage === null ? [] : [{ index: stage, speed: SPEED }] },
    workload: { target: 24, rounds: 8 },
    // Its lane's work counts in other lanes' accumulators until a new epoch pairs it with others.
    reaches: stage === null ? [] : ['off-lane-committed'],
  })
}

export const slowPeer = withSlowPeer(1)
