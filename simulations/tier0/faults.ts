/** Carries out the faults of a scenario: each kind is a function that begins it and gives back how it ends. */
import { FAULTS } from '../faults/index.ts'
import { LINK_FAULTS } from '../faults/links.ts'
import { RandomStream } from '../kernel/random.ts'
import type { Fault } from '../scenario/types.ts'
import { CHAIN_FAULTS } from './faults/chain.ts'
import { DISCOVERY_FAULTS } from './faults/discovery.ts'
import { PROCESS_FAULTS } from './faults/processes.ts'
import type { FaultStart } from './faults/types.ts'
import type { World } from './world.ts'

export const STARTS: Readonly<Record<string, FaultStart>> = {
  ...PROCESS_FAULTS,
  ...LINK_FAULTS,
  ...CHAIN_FAULTS,
  ...DISCOVERY_FAULTS,
}

export function scheduleFaults(world: World): void {
  for (const [index, fault] of world.scenario.faults.entries()) {
    const start = STARTS[fault.kind]
    if (start === undefined) throw new RangeError(`tier 0 has no fault ${fault.kind}`)
    world.time.at(fault.atMs, () => strike(world, index, fault, start))
  }
}

function strike(world: World, index: number, fault: Fault, start: FaultStart): void {
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
