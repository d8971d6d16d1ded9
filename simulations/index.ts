/** The harness as it is: what `swarm-sim` and the processes of its sweeps load. */
import { ATTACKS } from './attackers/index.ts'
import { CHECKERS } from './checkers/index.ts'
import { extendTables } from './extend.ts'
import { FAULTS } from './faults/index.ts'
import type { Harness } from './harness.ts'
import { drawScenario } from './scenario/draw.ts'
import { isScenarioFault, parseConcreteScenario, parseScenario } from './scenario/parse.ts'
import type { Tier } from './scenario/types.ts'
import { MIXES, SCENARIOS, scenarioOf } from './scenarios/index.ts'
import type { SimulationTier } from './tier.ts'
import { STATES } from './trace/states.ts'

/** Loaded when asked for: tier 1 brings the network stack and the engine with it. */
const TIERS: Record<Tier, () => Promise<SimulationTier>> = {
  0: async () => (await import('./tier0/index.ts')).tier0,
  1: async () => (await import('./tier1/index.ts')).tier1,
  2: async () => (await import('./tier2/index.ts')).tier2,
}

export type { Extension } from './extend.ts'

export const harness: Harness = {
  mixes: Object.keys(MIXES),
  // Read anew each time: an extension adds to them.
  get scenarios() {
    return Object.values(SCENARIOS)
  },
  get checkers() {
    return Object.values(CHECKERS)
  },
  get faults() {
    return Object.values(FAULTS)
  },
  get attackers() {
    return Object.values(ATTACKS)
  },
  states: Object.entries(STATES).map(([name, about]) => ({ name, about })),
  async tier(tier) {
    return TIERS[tier]()
  },
  parse(value) {
    const isConcrete = typeof value === 'object' && value !== null && 'seed' in value
    const parsed = isConcrete ? parseConcreteScenario(value) : parseScenario(value)
    if (isScenarioFault(parsed)) throw new Error(parsed.fault)
    return parsed
  },
  draw: drawScenario,
  scenarioOf,
  extend: extendTables,
}
