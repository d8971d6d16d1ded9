/**
 * A mix of its own: stages that lose their quorum, for good, for some minutes or for as long as a lease lasts, with and without spares, a liar
 * that is alone with the newest certificate, and whatever else goes wrong meanwhile.
 */
import { RandomStream } from '../kernel/random.ts'
import { scenario } from '../scenario/defaults.ts'
import type { AttackerSpec, Fault, Scenario } from '../scenario/types.ts'
import { QUICK_LEASES } from './quorum-lost.ts'

const SHAPES: readonly (readonly [stages: number, replicas: number, weight: number])[] = [
  [1, 4, 3],
  [1, 8, 3],
  [2, 4, 3],
  [1, 7, 1],
]

/** What may go wrong besides, with the longest time that it takes. */
const OTHERS: readonly (readonly [kind: string, mostMs: number])[] = [
  ['crash', 40_000],
  ['restart-torn', 20_000],
  ['kill-at-write', 3_000],
  ['pause', 20_000],
  ['delay', 20_000],
  ['loss', 30_000],
  ['partition', 20_000],
  ['chain-stall', 60_000],
  ['chain-reorg', 1_000],
  ['tx-lost', 40_000],
  ['rpc-hang', 40_000],
  ['rpc-lie', 40_000],
]

const HEAL_MS = 260_000

export function recovery(seed: number): Scenario {
  const random = new RandomStream(seed, 'recovery')
  const [stages, replicas] = weighted(random)
  const faults = Math.floor((replicas - 1) / 3)
  const stage = random.below(stages)
  const members = Array.from({ length: replicas }, (_, index) => stage + index * stages)
  const soonMs = 15_000 + random.below(60_000)
  const isSplit = random.chance(0.3)
  const hasLiar = !isSplit && random.chance(0.4)
  // Who hears nothing must have some rounds: nobody can go on from what the liar keeps to itself.
  const atMs = hasLiar ? soonMs + 45_000 : soonMs
  const lost = faults + 1 + random.below(replicas - 2 * faults - 1)
  const struck = isSplit
    ? split(random, members, atMs)
    : comingBack(seed, gone(random, members, { lost, hasLiar, faults, atMs }))
  return scenario({
    name: 'recovery',
    about: 'Stages that lose their quorum, and whatever else goes wrong until they are re-formed.',
    swarm: { stages, replicas, ...(isSplit ? {} : { spares: lost + random.below(2) }) },
    chain: QUICK_LEASES,
    workload: { rounds: 24 },
    healAtMs: Math.max(HEAL_MS, ...struck.faults.map(({ atMs, durationMs }) => atMs + durationMs)),
    faults: [...struck.faults, ...others(random, stages * replicas)],
    attackers: struck.attackers,
  })
}

interface Struck {
  readonly faults: readonly Fault[]
  readonly attackers: readonly AttackerSpec[]
}

/** Half of a stage does not hear the other, until about the end of a lease. */
function split(random: RandomStream, members: readonly number[], atMs: number): Struck {
  const { blockMs, leaseBlocks } = QUICK_LEASES
  const leaseMs = blockMs * leaseBlocks
  const durationMs = Math.min(Math.round(leaseMs * random.between(0.4, 1.4)), HEAL_MS - atMs)
  const half = random.sample(members, Math.floor(members.length / 2)).sort((a, b) => a - b)
  return { faults: [{ kind: 'partition', atMs, durationMs, peers: half }], attackers: [] }
}

interface Loss {
  readonly lost: number
  readonly hasLiar: boolean
  readonly faults: number
  readonly atMs: number
}

/** More than f are lost for good; before, a liar may go on with them alone, while the others hear nothing. */
function gone(random: RandomStream, members: readonly number[], { lost, hasLiar, faults, atMs }: Loss): Struck {
  const order = random.sample(members, members.length)
  const victims = order.slice(0, lost)
  const [liar, ...others] = order.slice(lost)
  const loss = { kind: 'gone', atMs, durationMs: 1_000, peers: [...victims].sort((a, b) => a - b) }
  if (!hasLiar || liar === undefined) return { faults: [loss], attackers: [] }
  const attackers = [{ attack: 'lone-claim', who: { peers: [liar] } }]
  // As many as make no quorum without the others must not hear: at most f.
  const deaf = others.slice(0, faults).sort((a, b) => a - b)
  const cut = { kind: 'partition', atMs: Math.max(1_000, atMs - 30_000), durationMs: 40_000, peers: deaf }
  return { faults: [cut, loss], attackers }
}

/** In a quarter of the seeds those that are lost come back, before or after the stage is re-formed without them. */
function comingBack(seed: number, { faults, attackers }: Struck): Struck {
  const random = new RandomStream(seed, 'recovery/back')
  if (!random.chance(0.25)) return { faults, attackers }
  const durationMs = Math.round(1_000 * random.between(100, 330))
  return { faults: faults.map(one => (one.kind === 'gone' ? { ...one, kind: 'crash', durationMs } : one)), attackers }
}

function others(random: RandomStream, peers: number): Fault[] {
  return random.sample(OTHERS, random.below(3)).map(([kind, mostMs]) => {
    const durationMs = 1_000 + random.below(mostMs)
    const atMs = 5_000 + random.below(HEAL_MS - durationMs - 5_000)
    const isChain = kind.startsWith('chain') || kind === 'tx-lost'
    return { kind, atMs, durationMs, peers: isChain ? [] : [random.below(peers)] }
  })
}

function weighted(random: RandomStream): readonly [number, number] {
  let point = random.below(SHAPES.reduce((sum, [, , weight]) => sum + weight, 0))
  for (const [stages, replicas, weight] of SHAPES) {
    point -= weight
    if (point < 0) return [stages, replicas]
  }
  return [1, 4]
}
