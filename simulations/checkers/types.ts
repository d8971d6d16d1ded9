/** A checker reads a run's events and says when a promise is broken. One file each; `index.ts` lists them. */
import type { ConcreteScenario } from '../scenario/types.ts'
import type { SimEvent, Violation } from '../trace/types.ts'

export interface Checker {
  readonly name: string
  /** The promise, in one sentence; `swarm-sim explain` prints it with `why`. */
  readonly about: string
  /** Where the promise comes from, and what breaks it. */
  readonly why: string
  /** safety: at any time; liveness: judged at the end, after the faults have healed. */
  readonly kind: 'safety' | 'liveness'
  readonly tiers: readonly (0 | 1 | 2)[]
  start(scenario: ConcreteScenario): RunningChecker
}

export interface RunningChecker {
  /** Null where all is well. */
  event(event: SimEvent): Violation | null
  /** Once, after the last event. `unknown` where the run cannot tell. */
  end(atMs: number): Violation | 'unknown' | null
}
