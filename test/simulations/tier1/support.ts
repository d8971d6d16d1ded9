import { scenario } from '../../../simulations/scenario/defaults.ts'
import { drawScenario } from '../../../simulations/scenario/draw.ts'
import { tier1 } from '../../../simulations/tier1/index.ts'
import type { RunResult, SimEvent } from '../../../simulations/trace/types.ts'

type Differs = Partial<Parameters<typeof scenario>[0]>

export interface Seen {
  readonly result: RunResult
  readonly events: readonly SimEvent[]
}

/** Two stages of four, three rounds, unless told otherwise. */
export async function simulate(differs: Differs = {}, seed = 1): Promise<Seen> {
  const whole = scenario({
    name: 'test',
    about: 'a test',
    tiers: [1],
    limitMs: 400_000,
    ...differs,
    workload: { rounds: 3, ...differs.workload },
  })
  const events: SimEvent[] = []
  const result = await tier1.run(drawScenario(whole, seed), {
    onEvent: event => events.push(event),
    signal: new AbortController().signal,
  })
  return { result, events }
}

export function of<Type extends SimEvent['type']>(
  events: readonly SimEvent[],
  type: Type,
): Extract<SimEvent, { readonly type: Type }>[] {
  return events.filter((event): event is Extract<SimEvent, { readonly type: Type }> => event.type === type)
}
