/** How many rounds are decided at once while seats are away or links lose packets, and what is left of a stage that was cut in two. */
import {
  type FirstViews,
  firstViewsMeter,
  noFirstViews,
  probabilityOfFew,
} from '../../simulations/numbers/first-views.ts'
import { overSeeds } from '../../simulations/numbers/over-seeds.ts'
import type { Scenario } from '../../simulations/scenario/types.ts'
import { absentTenth, absentThird, REPLICAS } from '../../simulations/scenarios/absent-each-round.ts'
import { farAndLossy } from '../../simulations/scenarios/far-and-lossy.ts'
import { halves } from '../../simulations/scenarios/halves.ts'
import type { LongCheck } from './types.ts'

const SEEDS = 1_000
const HALVED_SEEDS = 10_000
const HEALED = 0.999
const LOSSY = 0.995

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

async function firstViews(scenario: Scenario): Promise<FirstViews & { readonly described: string }> {
  const sums = noFirstViews()
  const { failed, failures } = await overSeeds(
    scenario,
    { from: 1, seeds: SEEDS },
    concrete => ({ event: firstViewsMeter(concrete, sums) }),
    new AbortController().signal,
  )
  if (failed > 0) throw new Error(`${failed} of ${SEEDS} seeds: ${failures.join('; ')}`)
  const views = Object.entries(sums.views).map(([view, rounds]) => `${view}: ${rounds}`)
  return {
    ...sums,
    described: `${SEEDS} seeds, ${sums.rounds} rounds by view ${views.join(', ')}; ${sums.skipped} skipped`,
  }
}

function absent(name: string, scenario: Scenario, share: number, least: number): LongCheck {
  const bound = probabilityOfFew(REPLICAS, share)
  return {
    name,
    claim: `with ${percent(share)} of ${REPLICAS} seats away in each round, as many rounds are decided in their first f + 1 views as ${least} times P(at most f away) = ${percent(bound)}, the others within f + 1 views after no more than f are away, and none is lost`,
    async run() {
      const { rounds, first, few, many, manyInTime, described } = await firstViews(scenario)
      const saw = `${percent(first / rounds)} in the first views (${first} of ${few} with f or fewer away; ${percent(first / rounds / bound)} of the bound); ${manyInTime} of ${many} others in time; ${described}`
      if (first / rounds < least * bound || manyInTime < many) throw new Error(saw)
      return saw
    },
  }
}

export const absentTenthCheck = absent('absent-10', absentTenth, 0.1, 0.99)
export const absentThirdCheck = absent('absent-30', absentThird, 0.3, 0.97)

export const lossyCheck: LongCheck = {
  name: 'far-and-lossy',
  claim: `with 10 % of packets lost on links of 200 +- 100 ms, ${percent(LOSSY)} of rounds are decided in their first f + 1 views`,
  async run() {
    const { rounds, first, described } = await firstViews(farAndLossy)
    const saw = `${percent(first / rounds)}; ${described}`
    if (first / rounds < LOSSY) throw new Error(saw)
    return saw
  },
}

export const halvesCheck: LongCheck = {
  name: 'halves',
  claim: `a stage that is cut in two halves and healed has one history, in ${HALVED_SEEDS} seeds, and its next certificate within f + 1 views in ${percent(HEALED)} of them`,
  async run() {
    let cut = 0
    const { failed, failures, rounds } = await overSeeds(
      halves,
      { from: 1, seeds: HALVED_SEEDS },
      ({ faults }) => ({
        event(event) {
          if (event.type === 'view' && event.atMs > (faults[0]?.atMs ?? 0)) cut++
        },
      }),
      new AbortController().signal,
    )
    // One history is a safety check: no seed may break it. `heals` is the one that a share may miss.
    const late = failures.filter(words => words.includes('views after view'))
    if (late.length < failures.length || failed > (1 - HEALED) * HALVED_SEEDS)
      throw new Error(`${failed} of ${HALVED_SEEDS} seeds: ${failures.join('; ')}`)
    return `${HALVED_SEEDS} seeds, ${rounds} rounds certified, ${cut} view changes after a cut; ${failed} seeds later than f + 1 views after healing`
  },
}
