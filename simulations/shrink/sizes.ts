/** Smaller swarms of a scenario. */
import { stageOf } from '../scenario/draw.ts'
import type { Attacker, ConcreteScenario, Fault } from '../scenario/types.ts'

/** Fewer seats than this stand no liar at all. */
export const LEAST_REPLICAS = 4

export interface Size {
  readonly stages: number
  readonly replicas: number
}

/** All that have fewer peers, the smallest first. */
export function smallerSizes(stages: number, replicas: number): Size[] {
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
