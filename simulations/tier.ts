/** What the tool asks of a tier: run one concrete scenario, tell what happens, judge it. */
import type { ConcreteScenario, Tier } from './scenario/types.ts'
import type { RunResult, SimEvent } from './trace/types.ts'

export interface RunOptions {
  /** Every event, in order; not kept by the tier. */
  readonly onEvent?: (event: SimEvent) => void
  /** Stops before the first event for which this is true (`replay --until`). */
  readonly until?: (event: SimEvent) => boolean
  /** `message` events are many: only where somebody wants them. They are hashed either way. */
  readonly messages?: boolean
  /** Tier 0: a peer computed from one virtual time to another. */
  readonly onComputed?: (peer: number, fromMs: number, toMs: number) => void
  /** Where a tier that needs files keeps them. */
  readonly folder?: string
  readonly signal: AbortSignal
}

export interface SimulationTier {
  readonly tier: Tier
  run(scenario: ConcreteScenario, options: RunOptions): Promise<RunResult>
}
