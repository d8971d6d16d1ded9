/** Many seeds of one scenario on tier 0, read by a meter. */
import { setImmediate } from 'node:timers/promises'
import { loadKernels } from '../../node/engine/kernels/index.ts'
import { drawScenario } from '../scenario/draw.ts'
import type { ConcreteScenario, Scenario } from '../scenario/types.ts'
import { runTier0 } from '../tier0/index.ts'
import type { RunResult, SimEvent } from '../trace/types.ts'

export interface SeedRange {
  readonly from: number
  readonly seeds: number
}

/** Reads one run. */
export type Meter = (scenario: ConcreteScenario) => {
  readonly event: (event: SimEvent) => void
  readonly end?: (result: RunResult) => void
}

export interface SeedsRun {
  /** The first ones that are not valid, in words. */
  readonly failures: readonly string[]
  readonly failed: number
  readonly rounds: number
  readonly virtualMs: number
}

const FAILURES_SHOWN = 5

export async function overSeeds(
  /** One for all seeds, or another for each. */
  drawn: Scenario | ((seed: number) => Scenario),
  { from, seeds }: SeedRange,
  meter: Meter,
  signal: AbortSignal,
): Promise<SeedsRun> {
  const kernels = await loadKernels()
  const failures: string[] = []
  let failed = 0
  let rounds = 0
  let virtualMs = 0
  for (let seed = from; seed < from + seeds; seed++) {
    await setImmediate()
    signal.throwIfAborted()
    const scenario = typeof drawn === 'function' ? drawn(seed) : drawn
    const concrete = drawScenario(scenario, seed)
    const { event, end } = meter(concrete)
    const result = runTier0(concrete, { signal, onEvent: event }, kernels)
    end?.(result)
    rounds += result.statistics.roundsDecided
    virtualMs += result.statistics.virtualMs
    const { verdict, sentence } = result.verdict
    if (verdict === 'valid') continue
    failed++
    if (failures.length < FAILURES_SHOWN) failures.push(`${scenario.name}:${seed} ${verdict}: ${sentence}`)
  }
  return { failures, failed, rounds, virtualMs }
}
