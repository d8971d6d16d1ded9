/** A stage of eight that loses five for good. */
import { scenario } from '../scenario/defaults.ts'

/** A lease of two minutes, and epochs of half a one. */
export const QUICK_LEASES = {
  ...{ blockMs: 3_000, epochBlocks: 10 },
  ...{ leaseBlocks: 40, claimDelayBlocks: 2, claimWindowBlocks: 6 },
}

const GONE = { kind: 'gone', atMs: 40_000, durationMs: 1_000, peers: [1, 2, 3, 4, 5] }
/** All but that it finishes. */
const SAFETY = [
  ...['bounded', 'computable', 'decisive-votes', 'equal-outcomes', 'heals', 'honest-unaccused', 'inherits'],
  ...['lies-detected', 'locks', 'lost-waits', 'monotone', 'one-decision', 'one-final', 'only-absent', 'paid-once'],
  ...['quorums', 'recomputable', 'records-monotone', 'signs-once'],
]

export const quorumLost = scenario({
  name: 'quorum-lost',
  about:
    'Five of eight seats are gone for good: the others claim what is left of the stage, and it goes on with four spares.',
  swarm: { stages: 1, replicas: 8, spares: 4 },
  chain: QUICK_LEASES,
  workload: { rounds: 16 },
  healAtMs: 41_000,
  faults: [GONE],
  reaches: ['lease-ran-out', 'recovery-claimed', 'stage-reformed', 'stage-resumed'],
})

export const quorumLostWithoutSpares = scenario({
  name: 'quorum-lost-without-spares',
  about:
    'Five of eight seats are gone for good and there are two spares: the stage stops, and says that it needs two more.',
  swarm: { stages: 1, replicas: 8, spares: 2 },
  chain: QUICK_LEASES,
  workload: { rounds: 16 },
  healAtMs: 41_000,
  limitMs: 400_000,
  checks: SAFETY,
  faults: [GONE],
  reaches: ['lease-ran-out', 'recovery-claimed', 'stage-short'],
})

export const stageGone = scenario({
  name: 'stage-gone',
  about:
    'All four seats of the last stage are gone for good: four spares go on from the checkpoint that the first stage keeps.',
  swarm: { stages: 2, replicas: 4, spares: 4 },
  chain: QUICK_LEASES,
  workload: { rounds: 16 },
  healAtMs: 91_000,
  faults: [{ ...GONE, atMs: 90_000, peers: [1, 3, 5, 7] }],
  reaches: ['checkpoint-kept', 'checkpoint-named', 'checkpoint-taken', 'stage-reformed', 'stage-resumed'],
})

export const stageGoneKeptByLiar = scenario({
  ...stageGone,
  name: 'stage-gone-kept-by-liar',
  about:
    'All four seats of the last stage are gone for good, and of those that keep its checkpoint one gives a false state: the spares tell it by name, and go on with what another keeps.',
  attackers: [{ attack: 'wrong-state', who: { peers: [0] } }],
  reaches: ['checkpoint-taken', 'stage-resumed'],
})

export const loneClaimant = scenario({
  name: 'lone-claimant',
  about:
    'A liar goes on with five who are then gone for good, while two hear nothing: it alone has the newest certificate, and does not inherit the stage.',
  swarm: { stages: 1, replicas: 8, spares: 5 },
  chain: QUICK_LEASES,
  workload: { rounds: 16 },
  healAtMs: 80_000,
  faults: [
    { kind: 'partition', atMs: 25_000, durationMs: 55_000, peers: [6, 7] },
    { ...GONE, atMs: 65_000 },
  ],
  attackers: [{ attack: 'lone-claim', who: { peers: [0] } }],
  reaches: ['recovery-claimed', 'stage-reformed', 'stage-resumed', 'history-left'],
})

export const splitWhileLeaseEnds = scenario({
  name: 'split-while-lease-ends',
  about:
    'A stage is cut in half until its lease has just run out: it is re-formed by all of its members, in one history.',
  swarm: { stages: 1, replicas: 8 },
  chain: QUICK_LEASES,
  workload: { rounds: 16 },
  healAtMs: 175_000,
  faults: [{ kind: 'partition', atMs: 30_000, durationMs: 145_000, peers: [0, 2, 4, 6] }],
  reaches: ['lease-ran-out', 'recovery-claimed', 'stage-reformed', 'stage-resumed'],
})
