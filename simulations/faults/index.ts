/** All kinds of faults, by name. */
import { MACHINE_FAULTS } from './machines.ts'
import { NETWORK_FAULTS } from './network.ts'
import { SERVICE_FAULTS } from './services.ts'
import type { FaultKind } from './types.ts'

export const FAULTS: Readonly<Record<string, FaultKind>> = Object.fromEntries(
  [...MACHINE_FAULTS, ...NETWORK_FAULTS, ...SERVICE_FAULTS].map(kind => [kind.name, kind]),
)

export type { FaultKind, FaultParameterRow } from './types.ts'
