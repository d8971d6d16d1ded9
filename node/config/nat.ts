/** What the options say about reachability, in the form that the network takes. */
import { RELAY_LIMITS } from '../network/nat/constants.ts'
import { type NatInit, RELAY_MODES } from '../network/nat/types.ts'
import type { Settings } from './options.ts'

const MIB = 1024 * 1024
const MINUTE_MS = 60_000

export function natOf(settings: Settings): NatInit {
  return {
    relay: RELAY_MODES.find(mode => mode === settings.relay) ?? 'auto',
    portMapping: settings['port-mapping'] !== 'off',
    localDiscovery: settings['local-discovery'] !== 'off',
    relayLimits: {
      ...RELAY_LIMITS,
      reservations: settings['relay-reservations'] ?? RELAY_LIMITS.reservations,
      circuits: settings['relay-circuits'] ?? RELAY_LIMITS.circuits,
      circuitBytes: (settings['relay-circuit-mib'] ?? RELAY_LIMITS.circuitBytes / MIB) * MIB,
      circuitMs: (settings['relay-circuit-minutes'] ?? RELAY_LIMITS.circuitMs / MINUTE_MS) * MINUTE_MS,
    },
  }
}
