/** Faults of real processes, disks, links and the chain (simulations/tier2), judged by the checkers of the simulations. */
import { drawScenario } from '../../simulations/scenario/draw.ts'
import { REAL_SCENARIOS } from '../../simulations/scenarios/real/index.ts'
import { tier2 } from '../../simulations/tier2/index.ts'
import type { LongCheck } from './types.ts'

const SEED = 1

/** One check a scenario. */
export const realSwarms: readonly LongCheck[] = REAL_SCENARIOS.map(scenario => ({
  name: scenario.name,
  claim: scenario.about,
  async run() {
    const { verdict, reached, statistics } = await tier2.run(drawScenario(scenario, SEED), {
      signal: new AbortController().signal,
    })
    if (verdict.verdict !== 'valid') throw new Error(`${verdict.verdict}: ${verdict.sentence}`)
    const missed = scenario.reaches.filter(state => reached[state] === undefined)
    if (missed.length > 0) throw new Error(`it never reached ${missed.join(', ')}`)
    return [
      `${statistics.roundsDecided} certificates in ${Math.round(statistics.virtualMs / 1000)} s`,
      verdict.sentence,
      ...Object.entries(reached).map(([state, times]) => `${state} ${times} times`),
    ].join('; ')
  },
}))
