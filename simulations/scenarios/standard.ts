/**
 * The mix that continuous integration sweeps. A standard seed has 8 to 32 peers in 2 or more stages, at least 10 decided
 * rounds of 5 virtual seconds or more, at least 3 faults, and liars in a third of the seeds; signing rules are checked fully.
 */
import { RandomStream } from '../kernel/random.ts'
import { scenario } from '../scenario/defaults.ts'
import type { AttackerSpec, Fault, FaultRate, Scenario } from '../scenario/types.ts'

/** Stages and replicas, with how often they are drawn: small swarms more often, they find as much in less time. */
const SHAPES: readonly (readonly [stages: number, replicas: number, weight: number])[] = [
  [2, 4, 26],
  [2, 5, 5],
  [2, 6, 2],
  [3, 4, 3],
  [2, 7, 1],
  [4, 4, 1],
  [8, 4, 1],
]

/** Rates of faults that every standard seed draws three or more of. The numbers are those of one fault a kind and seed, or two. */
const RATES: readonly FaultRate[] = [
  { kind: 'crash', perMinute: 2, durationMs: [1_000, 15_000] },
  { kind: 'kill-at-write', perMinute: 6, durationMs: [500, 3_000], who: { count: 2 }, with: { after: [0, 1] } },
  { kind: 'restart-torn', perMinute: 2, durationMs: [1_000, 6_000] },
  { kind: 'pause', perMinute: 3, durationMs: [1_000, 15_000] },
  { kind: 'slow', perMinute: 2, durationMs: [5_000, 20_000], with: { factor: [2, 6] } },
  { kind: 'disk-full', perMinute: 1, durationMs: [1_000, 5_000] },
  { kind: 'clock-skew', perMinute: 2, durationMs: [5_000, 30_000], with: { rate: [0.9, 1.1] } },
  { kind: 'clock-jump', perMinute: 2, durationMs: [1_000, 1_000] },
  { kind: 'loss', perMinute: 2, durationMs: [3_000, 20_000], who: { share: 0.4 }, with: { loss: [0.01, 0.1] } },
  { kind: 'delay', perMinute: 4, durationMs: [2_000, 10_000], who: { count: 2 }, with: { delayMs: [200, 3_000] } },
  { kind: 'jitter', perMinute: 2, durationMs: [2_000, 15_000], with: { jitterMs: [100, 2_000] } },
  { kind: 'bandwidth', perMinute: 1, durationMs: [5_000, 20_000], with: { rate: [0.02, 0.5] } },
  { kind: 'duplicate', perMinute: 2, durationMs: [3_000, 20_000], who: { share: 0.5 } },
  { kind: 'reorder', perMinute: 2, durationMs: [3_000, 20_000], who: { share: 0.5 } },
  { kind: 'partition', perMinute: 4, durationMs: [1_500, 10_000], who: { share: 0.4 } },
  { kind: 'partition-one-way', perMinute: 2, durationMs: [1_500, 8_000] },
  { kind: 'partition-partial', perMinute: 3, durationMs: [1_500, 8_000], who: { share: 0.5 } },
  { kind: 'flapping', perMinute: 2, durationMs: [3_000, 12_000] },
  { kind: 'dht-stale', perMinute: 2, durationMs: [3_000, 10_000], who: { share: 1 } },
  { kind: 'sybil', perMinute: 1, durationMs: [3_000, 10_000], who: { share: 1 } },
  { kind: 'gossip-withheld', perMinute: 2, durationMs: [3_000, 15_000], who: { count: 2 } },
  { kind: 'gossip-late', perMinute: 2, durationMs: [3_000, 15_000], who: { count: 2 } },
  { kind: 'gossip-flood', perMinute: 1, durationMs: [2_000, 6_000], who: { share: 1 } },
  { kind: 'chain-stall', perMinute: 1, durationMs: [5_000, 30_000] },
  { kind: 'chain-reorg', perMinute: 2, durationMs: [1_000, 1_000] },
  { kind: 'tx-lost', perMinute: 1, durationMs: [5_000, 30_000] },
  { kind: 'rpc-hang', perMinute: 1, durationMs: [5_000, 20_000] },
  { kind: 'rpc-lie', perMinute: 1, durationMs: [5_000, 20_000] },
  { kind: 'leave', perMinute: 2, durationMs: [2_000, 20_000] },
]

/** Attacks of a stage's liars, at most f of them. */
const ATTACKS: readonly string[] = [
  'collusion',
  'double-commit',
  'double-vote',
  'equivocating-proposer',
  'false-have',
  'false-receipts',
  'forged-certificate',
  'free-riding',
  'lock-violation',
  'malformed-frames',
  'not-finite',
  'replayed-messages',
  'silent-leader',
  'stake-grinding',
  'vote-withholding',
  'withheld-partition',
  'wrong-aggregate',
  'wrong-backward',
  'wrong-forward',
  'wrong-state',
]

/** States that a fault or an attack brings about in every seed that has it. */
const REACHES: Readonly<Record<string, string>> = {
  crash: 'restarted',
  leave: 'restarted',
  'restart-torn': 'restarted',
  'chain-reorg': 'chain-reorganised',
  'double-commit': 'evidence/double-commit',
  'double-vote': 'evidence/double-prevote',
}

const KINDS_A_SEED = 3
const HEAL_MS = 75_000
const LIARS_SHARE = 1 / 3

/** The scenario of one standard seed; it still draws its faults from that seed. */
export function standard(seed: number): Scenario {
  const random = new RandomStream(seed, 'standard')
  const [stages, replicas] = weighted(random)
  const hasLiars = random.chance(LIARS_SHARE)
  const attackers = hasLiars ? liars(random, stages, replicas) : []
  const faults = faultsOf(random, stages * replicas)
  const causes = [...faults.map(({ kind }) => kind), ...attackers.map(({ attack }) => attack)]
  return scenario({
    name: 'standard',
    about: 'What continuous integration sweeps: any three kinds of faults, and liars in a third of the seeds.',
    swarm: { stages, replicas },
    healAtMs: HEAL_MS,
    faults,
    attackers,
    reaches: [...new Set(causes.flatMap(cause => REACHES[cause] ?? []))],
  })
}

/** Three kinds or more; each strikes at least once, at a time of the seed. */
function faultsOf(random: RandomStream, peers: number): (Fault | FaultRate)[] {
  return random.sample(RATES, KINDS_A_SEED + random.below(3)).flatMap((rate): (Fault | FaultRate)[] => {
    const [shortest, longest] = rate.durationMs
    const atMs = 3_000 + random.below(HEAL_MS - 20_000)
    const durationMs = Math.min(Math.round(random.between(shortest, longest)), HEAL_MS - atMs)
    const who = rate.who ?? { count: 1 }
    const count = 'share' in who ? Math.round(who.share * peers) : 'count' in who ? who.count : 1
    const all = Array.from({ length: peers }, (_, peer) => peer)
    const struck = random.sample(all, count).sort((a, b) => a - b)
    return [{ kind: rate.kind, atMs, durationMs, peers: struck }, rate]
  })
}

function liars(random: RandomStream, stages: number, replicas: number): AttackerSpec[] {
  const faults = Math.floor((replicas - 1) / 3)
  const struck = random.sample(
    Array.from({ length: stages }, (_, stage) => stage),
    1 + random.below(stages),
  )
  return struck.map(stage => ({ attack: random.pick(ATTACKS), who: { stage, count: 1 + random.below(faults) } }))
}

function weighted(random: RandomStream): readonly [number, number] {
  const total = SHAPES.reduce((sum, [, , weight]) => sum + weight, 0)
  let point = random.below(total)
  for (const [stages, replicas, weight] of SHAPES) {
    point -= weight
    if (point < 0) return [stages, replicas]
  }
  return [2, 4]
}
