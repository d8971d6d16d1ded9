import type { Checker } from '../checkers/types.ts'
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { SimEvent } from '../trace/types.ts'

/**
 * Whether a candidate still breaks the same promise. One that is watched is run even where the answer is known; a candidate
 * that is no scenario tells nothing. @throws where the time is up
 */
export type Fails = (candidate: ConcreteScenario, onEvent?: (event: SimEvent) => void) => Promise<boolean>

/** Of the promise that is broken. */
export type PromiseKind = Checker['kind']

/** What is known of the failure that is made smaller. */
export interface Failure {
  readonly kind: PromiseKind
  readonly tier: Tier
  /** Virtual time at which the promise was broken in the given run. */
  readonly atMs: number
  /** When its last round began, and what that looked like (patterns.ts). */
  readonly fromMs: number
  readonly patterns: ReadonlySet<string>
}

export interface Pass {
  readonly name: string
  /** Not again where others made the scenario smaller meanwhile. */
  readonly isOnce?: boolean
  run(scenario: ConcreteScenario, fails: Fails, failure: Failure): Promise<ConcreteScenario>
}
