/** The ways in which a scenario is made smaller: each tries candidates, and keeps one only if it still fails. */

import type { Attacker, ConcreteScenario } from '../scenario/types.ts'
import { ddmin } from './ddmin.ts'
import { fewerFaults, fewerFaultsOfAnySeed, joinedFaults, shorterFaults } from './faults.ts'
import { smallSchedules } from './search.ts'
import { resized, smallerSizes } from './sizes.ts'
import type { Fails, Failure, Pass } from './types.ts'

/** Of a search (search.ts), before anything is left out and after. Leaving out is slow where there are many faults, so it comes later then. */
const FIRST_STARTS = { few: 1, many: 6 }
const LAST_STARTS = { few: 5, many: 5 }

/** The order matters: what takes most away is tried first, and makes the runs after it cheaper. */
export const PASSES: readonly Pass[] = [
  { name: 'small schedules', isOnce: true, run: smallSchedules(FIRST_STARTS) },
  { name: 'rounds', run: fewerRounds },
  { name: 'time', run: lessTime },
  { name: 'faults', run: fewerFaults },
  { name: 'attackers', run: fewerAttackers },
  { name: 'peers', run: fewerPeers },
  { name: 'shorter faults', run: shorterFaults },
  { name: 'parameters', run: fewerParameters },
  { name: 'faults of other seeds', run: fewerFaultsOfAnySeed },
  { name: 'joined faults', run: joinedFaults },
  { name: 'more small schedules', isOnce: true, run: smallSchedules(LAST_STARTS) },
]

/** A smaller swarm meets other delays and leaders, so a few seeds are tried for each size. */
const SEEDS_A_SIZE = 16

async function fewerAttackers(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  const liars = scenario.attackers.flatMap(attacker => attacker.peers.map(peer => ({ attacker, peer })))
  const rebuilt = (part: typeof liars): Attacker[] =>
    scenario.attackers.flatMap(attacker => {
      const peers = part.filter(liar => liar.attacker === attacker).map(({ peer }) => peer)
      return peers.length === 0 ? [] : [{ ...attacker, peers }]
    })
  const kept = await ddmin(liars, part => fails({ ...scenario, attackers: rebuilt([...part]) }))
  return { ...scenario, attackers: rebuilt([...kept]) }
}

async function fewerPeers(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  const { stages, replicas } = scenario.swarm
  for (const size of smallerSizes(stages, replicas)) {
    const parts = Array.from({ length: stages - size.stages + 1 }, (_, first) => resized(scenario, size, first))
    const candidates = [...parts, resized(scenario, size, 'gather')]
    for (let i = 0; i < SEEDS_A_SIZE; i++) {
      const seed = (scenario.seed + i) % 2 ** 32
      for (const candidate of candidates) if (await fails({ ...candidate, seed })) return { ...candidate, seed }
    }
  }
  return scenario
}

async function fewerRounds(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  const rounds = await least(1, scenario.workload.rounds, value =>
    fails({ ...scenario, workload: { ...scenario.workload, rounds: value } }),
  )
  return { ...scenario, workload: { ...scenario.workload, rounds } }
}

/** No later than it must be: the end of the faults, and the limit. */
async function lessTime(scenario: ConcreteScenario, fails: Fails, { kind }: Failure): Promise<ConcreteScenario> {
  let current = scenario
  const lastMs = Math.max(0, ...current.faults.map(({ atMs, durationMs }) => atMs + durationMs))
  if (current.healAtMs > lastMs) {
    const healed = { ...current, healAtMs: lastMs }
    if (await fails(healed)) current = healed
  }
  // What did not happen in time fails all the more with less of it: that would be another failure.
  if (kind === 'liveness') return current
  const STEP_MS = 1000
  const steps = Math.ceil(current.limitMs / STEP_MS)
  const limit = await least(Math.ceil((current.healAtMs + 1) / STEP_MS), steps, value =>
    fails({ ...current, limitMs: value * STEP_MS }),
  )
  return limit === steps ? current : { ...current, limitMs: limit * STEP_MS }
}

/** Peers that are like all others, and a network without loss and jitter, say more than what was drawn. */
async function fewerParameters(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  let current = scenario
  const tries: ((from: ConcreteScenario) => ConcreteScenario)[] = [
    from => ({ ...from, swarm: { stages: from.swarm.stages, replicas: from.swarm.replicas } }),
    from => ({ ...from, network: { ...from.network, loss: 0 } }),
    from => ({ ...from, network: { ...from.network, jitterMs: 0 } }),
  ]
  for (const attempt of tries) {
    const candidate = attempt(current)
    if (JSON.stringify(candidate) !== JSON.stringify(current) && (await fails(candidate))) current = candidate
  }
  return current
}

/** The least value from `low` to `high` that fails, given that `high` does, by halving: right where failing is monotone. */
async function least(low: number, high: number, fails: (value: number) => Promise<boolean>): Promise<number> {
  let [from, to] = [low, high]
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    if (await fails(middle)) to = middle
    else from = middle + 1
  }
  return to
}
