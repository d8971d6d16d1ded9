/**
 * Looks for a small failure from below instead of leaving parts of a big one out: one stage of few seats, one round and at most
 * three faults of the given kinds. Which of the many such schedules is worth a change is read from their runs, as fuzzers do
 * that are guided by coverage: those that show what no other has shown (AFL), and those that come closest to the last
 * round of the failure. Faults begin and end just before or after something that happened.
 */
import { RandomStream } from '../kernel/random.ts'
import type { Attacker, ConcreteScenario, Fault } from '../scenario/types.ts'
import { AROUND_MAX_FAULTS } from './faults.ts'
import { Patterns } from './patterns.ts'
import { LEAST_REPLICAS, resized, type Size } from './sizes.ts'
import type { Fails, Failure, Pass } from './types.ts'

const MAX_FAULTS = 3
/** Seats of the stage beyond the least. */
const MORE_SEATS = 1
/** Liars that are tried one by one. */
const MAX_LIARS = 4
/** Schedules without any fault: many bugs need none. */
const SEEDS_WITHOUT_FAULTS = 6
/** Then it begins anew with nothing known: what was found first leads astray now and then. */
const TRIES_A_START = 1_000
/** Of those that come closest to the failure. */
const CLOSEST = 6

interface Schedule {
  readonly scenario: ConcreteScenario
  readonly timesMs: readonly number[]
  /** Patterns that it shares with the failure. */
  readonly score: number
}

/** How often a search begins anew before it gives up: where few faults are given, and where many are. */
export interface Starts {
  readonly few: number
  readonly many: number
}

export function smallSchedules({ few, many }: Starts): Pass['run'] {
  return async (scenario, fails, failure) => {
    // Of the others a run takes seconds.
    if (failure.tier !== 0 || isSmall(scenario)) return scenario
    const starts = scenario.faults.length > AROUND_MAX_FAULTS ? many : few
    for (let start = 0; start < starts; start++) {
      const found = await new Search(scenario, fails, failure, `search/${few}/${start}`).run()
      if (found !== null) return found
    }
    return scenario
  }
}

function isSmall({ swarm, faults }: ConcreteScenario): boolean {
  return faults.length <= MAX_FAULTS && swarm.stages === 1 && swarm.replicas <= LEAST_REPLICAS + MORE_SEATS
}

class Search {
  readonly #given: ConcreteScenario
  readonly #fails: Fails
  readonly #failure: Failure
  readonly #random: RandomStream
  /** The given faults that were on in the last round. */
  readonly #suspects: readonly Fault[]
  readonly #seen = new Set<string>()
  #pool: Schedule[] = []
  #closest: readonly Schedule[] = []

  constructor(given: ConcreteScenario, fails: Fails, failure: Failure, label: string) {
    this.#given = given
    this.#fails = fails
    this.#failure = failure
    this.#random = new RandomStream(given.seed, label)
    const suspects = given.faults.filter(
      ({ atMs, durationMs }) => atMs <= failure.atMs && atMs + durationMs >= failure.fromMs,
    )
    this.#suspects = suspects.length === 0 ? given.faults : suspects
  }

  async run(): Promise<ConcreteScenario | null> {
    const hasLiars = this.#given.attackers.length > 0
    for (const start of this.#starts()) {
      for (let i = 0; i < SEEDS_WITHOUT_FAULTS; i++) {
        const candidate = { ...start, seed: this.#seed() }
        // What needs its liars shows nothing without them.
        if (await this.#tries(candidate, start.attackers.length > 0 || !hasLiars)) return candidate
      }
    }
    if (this.#pool.length === 0 || this.#given.faults.length === 0) return null
    for (let tried = 0; tried < TRIES_A_START; tried++) {
      const candidate = this.#changed(this.#random.pick(this.#random.chance(0.5) ? this.#closest : this.#pool))
      if (await this.#tries(candidate, true)) return candidate
    }
    return null
  }

  /** Swarms to begin with, without faults; those without liars first. */
  #starts(): ConcreteScenario[] {
    const { workload, limitMs, swarm, attackers } = this.#given
    const { kind, atMs } = this.#failure
    // What has not happened in time is told at the limit: another one would be another failure.
    const limit = kind === 'liveness' ? limitMs : Math.min(limitMs, Math.ceil(atMs))
    const liars = attackers.flatMap(one => one.peers.map((peer): Attacker => ({ ...one, peers: [peer] })))
    const bare = { ...this.#given, workload: { ...workload, rounds: 1 }, faults: [], healAtMs: 0, limitMs: limit }
    const most = Math.min(swarm.replicas, LEAST_REPLICAS + MORE_SEATS)
    const sizes: Size[] = []
    for (let replicas = Math.min(most, LEAST_REPLICAS); replicas <= most; replicas++)
      sizes.push({ stages: 1, replicas })
    return [[], ...liars.slice(0, MAX_LIARS).map(liar => [liar])].flatMap(some =>
      sizes.map(size => resized({ ...bare, attackers: some }, size)),
    )
  }

  async #tries(candidate: ConcreteScenario, isKept: boolean): Promise<boolean> {
    const patterns = new Patterns()
    if (await this.#fails(candidate, event => patterns.note(event))) return true
    if (!isKept) return false
    const all = [...patterns.all]
    const isNew = all.some(pattern => !this.#seen.has(pattern))
    for (const pattern of all) this.#seen.add(pattern)
    const { timesMs } = patterns
    if (timesMs.length === 0 || (!isNew && candidate.faults.length > 0)) return false
    const score = all.filter(pattern => this.#failure.patterns.has(pattern)).length
    const schedule = { scenario: candidate, timesMs, score }
    this.#pool.push(schedule)
    // The newest first among those that are as close.
    this.#closest = [schedule, ...this.#closest].toSorted((a, b) => b.score - a.score).slice(0, CLOSEST)
    return false
  }

  #changed({ scenario, timesMs }: Schedule): ConcreteScenario {
    const random = this.#random
    const { faults } = scenario
    const drawn = this.#fault(scenario, timesMs)
    if (faults.length === 0 || (faults.length < MAX_FAULTS && random.chance(0.5)))
      return withSchedule(scenario, [...faults, drawn])
    const index = random.below(faults.length)
    const what = random.below(3)
    if (what === 0) return { ...scenario, seed: this.#seed() }
    return withSchedule(scenario, faults.with(index, what === 1 ? drawn : this.#moved(faults[index]!, drawn)))
  }

  /** The same fault, but begun or ended when the other one is. */
  #moved(fault: Fault, { atMs, durationMs }: Fault): Fault {
    if (this.#random.chance(0.5)) return { ...fault, atMs }
    return { ...fault, durationMs: Math.max(1, atMs + durationMs - fault.atMs) }
  }

  /** Like one of the given ones, most often of those that were on in the last round, but at a time of this run, as long as that or until another time, and with no more victims. */
  #fault({ swarm }: ConcreteScenario, timesMs: readonly number[]): Fault {
    const random = this.#random
    const like = random.pick(random.chance(0.5) ? this.#suspects : this.#given.faults)
    const atMs = beside(random, random.pick(timesMs))
    const later = timesMs.filter(time => time > atMs)
    const isLike = later.length === 0 || random.chance(0.5)
    const durationMs = isLike ? like.durationMs : Math.max(1, beside(random, random.pick(later)) - atMs)
    const seats = Array.from({ length: swarm.stages * swarm.replicas }, (_, index) => index)
    const victims = like.peers.length === 0 ? 0 : 1 + random.below(Math.min(like.peers.length, seats.length - 1))
    return { ...like, atMs, durationMs, peers: random.sample(seats, victims).toSorted((a, b) => a - b) }
  }

  #seed(): number {
    return (this.#given.seed + this.#random.below(2 ** 20)) % 2 ** 32
  }
}

/** A millisecond before it or after it. */
function beside(random: RandomStream, atMs: number): number {
  return Math.max(0, atMs + (random.chance(0.5) ? 1 : -1))
}

/** All is healed when the last one is over. */
function withSchedule(scenario: ConcreteScenario, faults: readonly Fault[]): ConcreteScenario {
  const healAtMs = Math.ceil(Math.max(0, ...faults.map(({ atMs, durationMs }) => atMs + durationMs)))
  const limitMs = Math.max(scenario.limitMs, healAtMs + 1)
  return { ...scenario, faults: faults.toSorted((a, b) => a.atMs - b.atMs), healAtMs, limitMs }
}
