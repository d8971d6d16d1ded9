/**
 * Fewer faults. A failure that hangs on the order of a few messages is chaotic: what is left out also shifts all draws and
 * times after it, and the failure goes although nothing that it needs is missing. So the later passes look around each
 * candidate: other seeds, and two faults as one.
 */
import type { ConcreteScenario, Fault } from '../scenario/types.ts'
import { ddmin } from './ddmin.ts'
import type { Fails } from './types.ts'

/** Tried for each candidate of the passes that look around. */
const SEEDS_AROUND = 12
const SEEDS_OF_A_JOINT = 3
/** Looking around costs many runs: not worth it while there are more faults than this. */
export const AROUND_MAX_FAULTS = 40
/** Of what a fault lasts. */
const SHORTER = [0.1, 0.25, 0.5]

export function withFaults(scenario: ConcreteScenario, faults: readonly Fault[]): ConcreteScenario {
  return { ...scenario, faults }
}

export async function fewerFaults(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  const faults = await ddmin(scenario.faults, part => fails(withFaults(scenario, part)))
  return fewerVictims(withFaults(scenario, faults), fails)
}

async function fewerVictims(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  let current = scenario
  for (const [index, fault] of scenario.faults.entries()) {
    if (fault.peers.length < 2) continue
    const withPeers = (peers: readonly number[]) => withFaults(current, current.faults.with(index, { ...fault, peers }))
    // Without any peer a fault may mean everybody, or nothing.
    const peers = await ddmin(fault.peers, async part => part.length > 0 && (await fails(withPeers(part))))
    current = withPeers(peers)
  }
  return current
}

/** No fault needs to be longer than it is. */
export async function shorterFaults(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  let current = scenario
  for (const [index, fault] of scenario.faults.entries()) {
    for (const share of SHORTER) {
      const shorter = { ...fault, durationMs: Math.max(1, Math.round(fault.durationMs * share)) }
      const candidate = withFaults(current, current.faults.with(index, shorter))
      if (shorter.durationMs < fault.durationMs && (await fails(candidate))) {
        current = candidate
        break
      }
    }
  }
  return current
}

/** As {@link fewerFaults}, but a part also counts where it fails under another seed, which is then kept. */
export async function fewerFaultsOfAnySeed(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  if (scenario.faults.length > AROUND_MAX_FAULTS) return scenario
  let current = scenario
  await ddmin(scenario.faults, async part => {
    const found = await ofAnySeed(withFaults(current, part), fails, SEEDS_AROUND)
    if (found !== null) current = found
    return found !== null
  })
  return current
}

/** Two faults as one that lasts as long as both: of either kind, with the victims of either or of both. */
export async function joinedFaults(scenario: ConcreteScenario, fails: Fails): Promise<ConcreteScenario> {
  if (scenario.faults.length > AROUND_MAX_FAULTS) return scenario
  let current = withFaults(
    scenario,
    scenario.faults.toSorted((a, b) => a.atMs - b.atMs),
  )
  for (let first = 0; first + 1 < current.faults.length; ) {
    const found = await joinedAt(current, first, fails)
    if (found === null) first++
    else current = found
  }
  return current.faults.length < scenario.faults.length ? current : scenario
}

async function joinedAt(scenario: ConcreteScenario, first: number, fails: Fails): Promise<ConcreteScenario | null> {
  const [one, other] = scenario.faults.slice(first, first + 2) as [Fault, Fault]
  const endMs = Math.max(one.atMs + one.durationMs, other.atMs + other.durationMs)
  const all = [...new Set([...one.peers, ...other.peers])].toSorted((a, b) => a - b)
  for (const kind of [one, other]) {
    for (const peers of [one.peers, other.peers, all]) {
      const joint: Fault = { ...kind, atMs: one.atMs, durationMs: endMs - one.atMs, peers }
      const faults = scenario.faults.toSpliced(first, 2, joint)
      const found = await ofAnySeed(withFaults(scenario, faults), fails, SEEDS_OF_A_JOINT)
      if (found !== null) return found
    }
  }
  return null
}

async function ofAnySeed(scenario: ConcreteScenario, fails: Fails, seeds: number): Promise<ConcreteScenario | null> {
  for (let i = 0; i < seeds; i++) {
    const candidate = { ...scenario, seed: (scenario.seed + i) % 2 ** 32 }
    if (await fails(candidate)) return candidate
  }
  return null
}
