/** Learning under attack: the same seed with its liars and without them, side by side. */
import type { ConcreteScenario } from '../scenario/types.ts'
import type { RunResult } from '../trace/types.ts'
import { tier1 } from './index.ts'

export interface LearningCost {
  /** Mean training loss of the last rounds, nats a byte, as an honest peer of the head tells it. */
  readonly clean: number
  readonly attacked: number
  /** attacked / clean. */
  readonly factor: number
  readonly results: readonly [RunResult, RunResult]
}

/** Rounds at the end that are averaged: a round has few micro-batches. */
const LAST_ROUNDS = 3

/** @throws RangeError where a run ended before it had a loss */
export async function learningCost(scenario: ConcreteScenario, signal: AbortSignal): Promise<LearningCost> {
  const attacked = await finalLoss(scenario, signal)
  const clean = await finalLoss({ ...scenario, attackers: [] }, signal)
  return {
    clean: clean.loss,
    attacked: attacked.loss,
    factor: attacked.loss / clean.loss,
    results: [clean.result, attacked.result],
  }
}

async function finalLoss(
  scenario: ConcreteScenario,
  signal: AbortSignal,
): Promise<{ readonly loss: number; readonly result: RunResult }> {
  const liars = new Set(scenario.attackers.flatMap(({ peers }) => peers))
  const losses = new Map<number, number>()
  const result = await tier1.run(scenario, {
    signal,
    onEvent(event) {
      const isTold = event.type === 'loss' && event.stage === scenario.swarm.stages - 1 && !liars.has(event.peer)
      if (isTold && event.train !== undefined) losses.set(event.round, event.train)
    },
  })
  const last = [...losses].sort(([a], [b]) => b - a).slice(0, LAST_ROUNDS)
  if (last.length === 0) throw new RangeError(`${scenario.name} ended without a loss: ${result.verdict.sentence}`)
  return { loss: last.reduce((sum, [, loss]) => sum + loss, 0) / last.length, result }
}
