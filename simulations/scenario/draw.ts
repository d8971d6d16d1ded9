/** Makes one concrete scenario of a scenario and a seed: every fault gets a time and peers, every liar a name. */
import { FAULTS } from '../faults/index.ts'
import { RandomStream } from '../kernel/random.ts'
import type {
  Attacker,
  AttackerSpec,
  ConcreteScenario,
  Fault,
  FaultParameter,
  FaultRate,
  PeerSelector,
  Scenario,
} from './types.ts'

/** Faults that one rate may draw: a scenario that asks for more is a flood, not a fault. */
const MAX_DRAWN = 1_000

export function drawScenario(scenario: Scenario, seed: number): ConcreteScenario {
  const attackers = scenario.attackers.map((spec, index) => drawAttacker(scenario, spec, seed, index))
  const faults = scenario.faults.flatMap((fault, index) =>
    'perMinute' in fault ? drawFaults(scenario, fault, seed, index) : [fault],
  )
  return { ...scenario, seed, attackers, faults: faults.toSorted((a, b) => a.atMs - b.atMs) }
}

/** Peer i sits in stage i modulo the number of stages, in every tier. */
export function stageOf({ swarm }: Pick<Scenario, 'swarm'>, peer: number): number {
  return peer % swarm.stages
}

export function selectPeers(scenario: Pick<Scenario, 'swarm'>, selector: PeerSelector, random: RandomStream): number[] {
  if ('peers' in selector) return [...selector.peers]
  const { stages, replicas } = scenario.swarm
  const all = Array.from({ length: stages * replicas }, (_, index) => index)
  const among = selector.stage === undefined ? all : all.filter(peer => stageOf(scenario, peer) === selector.stage)
  const count = 'count' in selector ? selector.count : Math.round(among.length * selector.share)
  return random.sample(among, count).sort((a, b) => a - b)
}

function drawAttacker(scenario: Scenario, spec: AttackerSpec, seed: number, index: number): Attacker {
  const random = new RandomStream(seed, `attacker/${index}/${spec.attack}`)
  const peers = selectPeers(scenario, spec.who, random)
  const { attack, fromMs = 0 } = spec
  return { attack, peers, fromMs, ...(spec.with === undefined ? {} : { with: spec.with }) }
}

/** A stream a rate, and one a fault: taking a rate or a fault away leaves the others as they were. */
function drawFaults(scenario: Scenario, rate: FaultRate, seed: number, index: number): Fault[] {
  const label = `fault/${index}/${rate.kind}`
  const when = new RandomStream(seed, label)
  const faults: Fault[] = []
  const untilMs = scenario.healAtMs
  for (let atMs = when.waitMs(rate.perMinute); atMs < untilMs; atMs += when.waitMs(rate.perMinute)) {
    if (faults.length >= MAX_DRAWN) break
    const random = new RandomStream(seed, `${label}/${faults.length}`)
    const [shortest, longest] = rate.durationMs
    const durationMs = Math.min(Math.round(random.between(shortest, longest)), untilMs - atMs)
    const peers = FAULTS[rate.kind]?.strikes === 'all' ? [] : selectPeers(scenario, rate.who ?? { count: 1 }, random)
    const drawn = drawParameters(rate.with ?? {}, random)
    faults.push({ kind: rate.kind, atMs, durationMs, peers, ...(rate.with === undefined ? {} : { with: drawn }) })
  }
  return faults
}

function drawParameters(
  given: NonNullable<FaultRate['with']>,
  random: RandomStream,
): Readonly<Record<string, FaultParameter>> {
  const drawn = Object.entries(given).map(([name, value]) => [
    name,
    Array.isArray(value) ? random.between(Number(value[0]), Number(value[1])) : value,
  ])
  return Object.fromEntries(drawn)
}
