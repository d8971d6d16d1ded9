/** How tier 0 carries out each kind of fault: a function that begins it and gives back how it ends. */
import { LINK_FAULTS } from '../faults/links.ts'
import { absent } from './faults/absence.ts'
import { CHAIN_FAULTS } from './faults/chain.ts'
import { DISCOVERY_FAULTS } from './faults/discovery.ts'
import { PROCESS_FAULTS } from './faults/processes.ts'
import type { FaultStart } from './faults/types.ts'

export const STARTS: Readonly<Record<string, FaultStart>> = {
  absent,
  ...PROCESS_FAULTS,
  ...LINK_FAULTS,
  ...CHAIN_FAULTS,
  ...DISCOVERY_FAULTS,
}
