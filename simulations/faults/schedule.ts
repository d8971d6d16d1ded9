/** Begins and ends the faults of a scenario in the virtual time of a tier's world. */
import { RandomStream } from '../kernel/random.ts'
import type { ConcreteScenario, Fault, Tier } from '../scenario/types.ts'
import type { SimEvent } from '../trace/types.ts'
import { FAULTS } from './index.ts'
import type { FaultStart } from './types.ts'

/** What faults need of a world in virtual time. */
export interface FaultWorld<Peer> {
  readonly scenario: ConcreteScenario
  readonly peers: readonly Peer[]
  readonly time: {
    readonly nowMs: number
    at(atMs: number, run: () => void): void
    after(delayMs: number, run: () => void): void
  }
  readonly recorder: { emit(event: SimEvent): void }
}

/** @throws RangeError for a kind that the tier has not */
export function scheduleFaults<World extends FaultWorld<Peer>, Peer>(
  world: World,
  tier: Tier,
  starts: Readonly<Record<string, FaultStart<World, Peer>>>,
): void {
  for (const [index, fault] of world.scenario.faults.entries()) {
    const start = FAULTS[fault.kind]?.means[tier] === undefined ? undefined : starts[fault.kind]
    if (start === undefined) throw new RangeError(`tier ${tier} has no fault ${fault.kind}`)
    world.time.at(fault.atMs, () => strike(world, index, fault, start))
  }
}

function strike<World extends FaultWorld<Peer>, Peer>(
  world: World,
  index: number,
  fault: Fault,
  start: FaultStart<World, Peer>,
): void {
  const { kind, peers: struck, durationMs } = fault
  const tell = (type: 'fault' | 'healed') =>
    world.recorder.emit({ type, atMs: world.time.nowMs, fault: index, kind, peers: struck })
  tell('fault')
  // Named by what it is, not by its place in the list: another fault less does not change what this one draws.
  const random = new RandomStream(world.scenario.seed, `struck/${kind}/${fault.atMs}/${struck.join()}`)
  const number = (name: string): number => {
    const given = fault.with?.[name]
    return typeof given === 'number' ? given : (FAULTS[kind]?.parameters[name]?.default ?? 0)
  }
  const peers = struck.flatMap(peer => world.peers[peer] ?? [])
  const end = start({ world, peers, random, number, durationMs })
  world.time.after(durationMs, () => {
    end()
    tell('healed')
  })
}
