import { scenario } from '../scenario/defaults.ts'

/** Epochs of a minute and a half: some six rounds, also where a peer is missing, of which three show that it is absent. */
export const QUICK_EPOCHS = { blockMs: 3_000, epochBlocks: 30 }

export const joinsAndLeaves = scenario({
  name: 'joins-and-leaves',
  about:
    'Two peers of different stages give up their seats; spares are dealt, fetch the state, are admitted and take them over.',
  swarm: { stages: 2, replicas: 4, spares: 4 },
  chain: QUICK_EPOCHS,
  workload: { rounds: 30 },
  healAtMs: 60_000,
  faults: [{ kind: 'give-up', atMs: 30_000, durationMs: 10_000, peers: [1, 4] }],
  reaches: [
    'decided/remove-left',
    'dealt-to-a-stage',
    'candidate-vouched',
    'decided/admit',
    'seat-taken',
    'seat-given-up',
  ],
})
