/** Twenty-four simulated hours of machines that come, go and are slow by day: nothing grows, nothing stands still, nobody is moved about. */

import { overSeeds } from '../../simulations/numbers/over-seeds.ts'
import { growth, noSteady, steadyMeter } from '../../simulations/numbers/steady.ts'
import { day } from '../../simulations/scenarios/day.ts'
import type { LongCheck } from './types.ts'

const GROWTH = 1.1
/** A peer has one record for each stage that it ever had a place in: there are more once spares have come in. */
const LEAST: Readonly<Record<string, number>> = {
  records: day.swarm.stages * (day.swarm.stages * day.swarm.replicas + (day.swarm.spares ?? 0)),
}
/** Longer than the longest absence and a round with it: with two of four seats away a stage waits. */
const LONGEST_MS = 1_800_000
/** An admission and a removal for each time that a spare may take a seat, at most one each an epoch and stage. */
const CHANGES_A_DAY = 96

export const dayOfChurn: LongCheck = {
  name: 'day',
  claim:
    'through 24 simulated hours of churn what a peer holds does not grow, no stage stands still for half an hour, and members change seldom',
  async run() {
    const seen = noSteady()
    const { signal } = new AbortController()
    const { failures } = await overSeeds(day, { from: 1, seeds: 1 }, () => ({ event: steadyMeter(seen) }), signal)
    if (failures.length > 0) throw new Error(failures.join('; '))
    const grown = [...seen.most].map(([name, hours]) => ({ name, by: growth(hours, LEAST[name]) }))
    const saw = [
      `${seen.rounds} certificates`,
      `the longest wait for one ${Math.round(seen.longestMs / 1000)} s`,
      `${seen.changes} changes of members`,
      `the last six hours beside the second six: ${grown.map(({ name, by }) => `${name} ${by.toFixed(2)}`).join(', ')}`,
    ].join('; ')
    const isSteady = grown.length > 0 && grown.every(({ by }) => by <= GROWTH)
    if (!isSteady || seen.longestMs > LONGEST_MS || seen.changes > CHANGES_A_DAY) throw new Error(saw)
    return saw
  },
}
