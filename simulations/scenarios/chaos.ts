import { CHECKERS } from '../checkers/index.ts'
import { RandomStream } from '../kernel/random.ts'
import { scenario } from '../scenario/defaults.ts'
import type { Fault, Scenario } from '../scenario/types.ts'
import { real } from './real/base.ts'

const PEERS = 8
const MINUTES_MS = 60_000

/** Faults at even times, each at a peer that is drawn. */
function evenly(
  seed: number,
  label: string,
  count: number,
  everyMs: number,
  make: (random: RandomStream) => Omit<Fault, 'atMs' | 'peers'>,
): Fault[] {
  const random = new RandomStream(seed, label)
  return Array.from({ length: count }, (_, index) => ({
    ...make(random),
    atMs: Math.round((index + 0.5) * everyMs),
    peers: [random.below(PEERS)],
  }))
}

/** They run for a time, not for a number of rounds. */
export const WITHOUT_END = Object.keys(CHECKERS).filter(name => name !== 'finishes')

const CHAOS_MS = 30 * MINUTES_MS
const CHAOS_FAULTS = 62
const LONGEST_MS = 25_000
const KINDS = ['crash', 'pause', 'partition'] as const

/** Rounds of a second or two, as real ones on a local network have (scenarios/real). */
const SHORT_ROUNDS = { rounds: 10_000, forwardMs: 70, backwardMs: 140, boundaryBytes: 32_768, gradientBytes: 262_144 }

/** As torchft's own chaos: 62 faults in half an hour, of machines that die, hang or are cut off. */
export const chaos = scenario({
  name: 'chaos',
  about: 'Sixty-two faults in thirty minutes: one machine after the other dies, hangs or is cut off for 5 to 25 s.',
  workload: { rounds: 10_000 },
  faults: evenly(1, 'chaos', CHAOS_FAULTS, CHAOS_MS / CHAOS_FAULTS, random => ({
    kind: random.pick(KINDS),
    durationMs: Math.round(random.between(5_000, LONGEST_MS)),
  })),
  healAtMs: CHAOS_MS + LONGEST_MS,
  limitMs: CHAOS_MS + LONGEST_MS,
  checks: WITHOUT_END,
})

/** Every so often one peer is killed, and started again before the next is. */
export const KILLS = { everyMs: 20_000, awayMs: 15_000, forMs: 10 * MINUTES_MS } as const

export function killedInTurn(seed: number): Fault[] {
  const { everyMs, awayMs, forMs } = KILLS
  return evenly(seed, 'kills', Math.floor(forMs / everyMs), everyMs, () => ({ kind: 'crash', durationMs: awayMs })).map(
    fault => ({ ...fault, atMs: fault.atMs - everyMs / 2 + 2_000 }),
  )
}

export function kills(seed: number): Scenario {
  return real({
    name: 'kills',
    about: 'For ten minutes a random peer is killed every 20 s and started again 15 s later.',
    tiers: [0],
    workload: SHORT_ROUNDS,
    faults: killedInTurn(seed),
    healAtMs: KILLS.forMs,
    limitMs: KILLS.forMs,
    checks: WITHOUT_END,
  })
}
