/** Tier 2: the shipped program in real processes, over real TCP and noise, with the embedded chain; real time. */

import type { SimulationTier } from '../tier.ts'
import { runScenario } from './run.ts'

export const tier2: SimulationTier = { tier: 2, run: runScenario }
