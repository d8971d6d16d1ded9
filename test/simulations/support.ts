/** Runs concrete scenarios of tier 0 and keeps what they tell. */
import { loadKernels } from '../../node/engine/kernels/index.ts'
import { scenario } from '../../simulations/scenario/defaults.ts'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import type { ConcreteScenario, Scenario } from '../../simulations/scenario/types.ts'
import { runTier0 } from '../../simulations/tier0/index.ts'
import type { RunResult, SimEvent } from '../../simulations/trace/types.ts'

const kernels = await loadKernels()
const { signal } = new AbortController()

export interface Told extends RunResult {
  readonly events: readonly SimEvent[]
}

export function run(concrete: ConcreteScenario): Told {
  const events: SimEvent[] = []
  const result = runTier0(concrete, { signal, onEvent: event => events.push(event) }, kernels)
  return { ...result, events }
}

export function runSeed(drawn: Scenario, seed: number): Told {
  return run(drawScenario(drawn, seed))
}

/** Two stages of four, three short rounds. */
export function quick(differs: Partial<Parameters<typeof scenario>[0]> = {}): Scenario {
  return scenario({
    name: 'quick',
    about: 'for a test',
    limitMs: 300_000,
    ...differs,
    workload: { rounds: 3, forwardMs: 200, backwardMs: 400, ...differs.workload },
  })
}

export function eventsOf<T extends SimEvent['type']>(told: Told, type: T): Extract<SimEvent, { type: T }>[] {
  return told.events.filter((event): event is Extract<SimEvent, { type: T }> => event.type === type)
}
