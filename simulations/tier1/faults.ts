/** Carries out the faults of a scenario: each kind is a function that begins it and gives back how it ends. */
import { FAULTS } from '../faults/index.ts'
import { LINK_FAULTS } from '../faults/links.ts'
import type { FaultStart } from '../faults/types.ts'
import { RandomStream } from '../kernel/random.ts'
import type { Fault } from '../scenario/types.ts'
import { DISCOVERY_FAULTS } from './faults/discovery.ts'
import { PROCESS_FAULTS } from './faults/processes.ts'
import { SERVICE_FAULTS } from './faults/services.ts'
import type { SimPeer } from './peer.ts'
import type { World } from './world.ts'

/** What tier 1 has of the table (faults/). TCP keeps order and tells nothing twice: neither reorder nor duplicate. */
export const STARTS: Readonly<Record<string, FaultStart<World, SimPeer>>> = {
  ...LINK_FAULTS,
  ...PROCESS_FAULTS,
  ...SERVICE_FAULTS,
  ...DISCOVERY_FAULTS,
}

/** @throws RangeError for a kind that this tier has not */
export function scheduleFaults(world: World): void {
  for (const [index, fault] of world.scenario.faults.entries()) {
    const start = FAULTS[fault.kind]?.means[1] === undefined ? undefined : STARTS[fault.kind]
    if (start === undefined) throw new RangeError(`tier 1 has no fault ${fault.kind}`)
    world.time.at(fault.atMs, () => strike(world, index, fault, start))
  }
}

function strike(world: World, index: number, fault: Fault, start: FaultStart<World, SimPeer>): void {
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
