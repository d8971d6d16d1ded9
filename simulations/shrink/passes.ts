/** The ways in which a scenario is made smaller: each tries candidates, and keeps one only if it still fails. */

import { stageOf } from '../scenario/draw.ts'
import type { Attacker, ConcreteScenario, Fault } from '../scenario/types.ts'
import { ddmin } from './ddmin.ts'
import { fewerFaults, fewerFaultsOfAnySeed, joinedFaults, redrawnFaults, withFaults } from './faults.ts'
import type { Fails, Pass, PromiseKind } from './types.ts'

/** The order matters: what takes most away is tried first, and makes the runs after it cheaper. */
export const PASSES: readonly Pass[] = [
  { name: 'rounds', run: fewerRounds },
  { name: 'time', run: lessTime },
  { name: 'faults', run: fewerFaults },
  { name: 'attackers', run: fewerAttackers },
  { name: 'peers', run: fewerPeers },
  { name: 'parameters', run: fewerParameters },
  { name: 'faults of other seeds', run: fewerFaultsOfAnySeed },
  { name: 'joined faults', run: joinedFaults },
  { name: 'redrawn faults', run: redrawnFaults },
]

/** Fewer seats than this stand no liar at all. */
const LEAST_REPLICAS = 4
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

interface Size {
  readonly stages: number
  readonly replicas: number
}

/** All that have fewer peers, the smallest first. */
function smallerSizes(stages: number, replicas: number): Size[] {
  const sizes: Size[] = []
  for (let s = 1; s <= stages; s++) {
    for (let n = Math.min(replicas, LEAST_REPLICAS); n <= replicas; n++) {
      if (s * n < stages * replicas) sizes.push({ stages: s, replicas: n })
    }
  }
  return sizes.toSorted((a, b) => a.stages * a.replicas - b.stages * b.replicas || a.stages - b.stages)
}

/**
 * The same scenario with a smaller swarm, in which the peers that liars and faults name come before all others. What named
 * peers that are gone is gone.
 * @param part - the first of the stages that are kept; 'gather': peers of any stage, wherever there is room
 */
export function resized(scenario: ConcreteScenario, size: Size, part: number | 'gather' = 'gather'): ConcreteScenario {
  const { stages, replicas } = size
  const overrides = scenario.swarm.peers ?? []
  const places = part === 'gather' ? gathered(scenario, size) : cut(scenario, size, part)
  const moved = (peers: readonly number[]) =>
    peers.flatMap(peer => (places.has(peer) ? [places.get(peer)!] : [])).toSorted((a, b) => a - b)
  const faults = scenario.faults.flatMap((fault): Fault[] => {
    const peers = moved(fault.peers)
    return fault.peers.length > 0 && peers.length === 0 ? [] : [{ ...fault, peers }]
  })
  const attackers = scenario.attackers.flatMap((attacker): Attacker[] => {
    const peers = moved(attacker.peers)
    return peers.length === 0 ? [] : [{ ...attacker, peers }]
  })
  const kept = overrides.flatMap(override => {
    const index = places.get(override.index)
    return index === undefined ? [] : [{ ...override, index }]
  })
  return { ...scenario, swarm: { stages, replicas, ...(kept.length === 0 ? {} : { peers: kept }) }, faults, attackers }
}

/** All peers, those that are named first. */
function inOrder({ swarm, attackers, faults }: ConcreteScenario): number[] {
  const named = [...attackers, ...faults].flatMap(({ peers }) => peers)
  const all = Array.from({ length: swarm.stages * swarm.replicas }, (_, peer) => peer)
  return [...new Set([...named, ...all])]
}

function cut(scenario: ConcreteScenario, { stages, replicas }: Size, first: number): Map<number, number> {
  const places = new Map<number, number>()
  for (let stage = 0; stage < stages; stage++) {
    const seats = inOrder(scenario).filter(peer => stageOf(scenario, peer) === first + stage)
    for (const [rank, peer] of seats.slice(0, replicas).entries()) places.set(peer, rank * stages + stage)
  }
  return places
}

function gathered(scenario: ConcreteScenario, { stages, replicas }: Size): Map<number, number> {
  return new Map(
    inOrder(scenario)
      .slice(0, stages * replicas)
      .map((peer, place) => [peer, place]),
  )
}

async function fewerRounds(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  const rounds = await least(1, scenario.workload.rounds, value =>
    fails({ ...scenario, workload: { ...scenario.workload, rounds: value } }),
  )
  return { ...scenario, workload: { ...scenario.workload, rounds } }
}

/** Nothing needs to be longer than it is: the limit, and each fault. */
async function lessTime(scenario: ConcreteScenario, fails: Fails, kind: PromiseKind): Promise<ConcreteScenario> {
  let current = scenario
  const lastMs = Math.max(0, ...current.faults.map(({ atMs, durationMs }) => atMs + durationMs))
  if (current.healAtMs > lastMs) {
    const healed = { ...current, healAtMs: lastMs }
    if (await fails(healed)) current = healed
  }
  for (const [index, fault] of scenario.faults.entries()) {
    for (const share of [0.1, 0.25, 0.5]) {
      const shorter = { ...fault, durationMs: Math.max(1, Math.round(fault.durationMs * share)) }
      const candidate = withFaults(current, current.faults.with(index, shorter))
      if (shorter.durationMs < fault.durationMs && (await fails(candidate))) {
        current = candidate
        break
      }
    }
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
