/** How tier 1 carries out each kind of fault: a function that begins it and gives back how it ends. */
import { LINK_FAULTS } from '../faults/links.ts'
import type { FaultStart } from '../faults/types.ts'
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
