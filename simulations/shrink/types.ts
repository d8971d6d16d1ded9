import type { Checker } from '../checkers/types.ts'
import type { ConcreteScenario } from '../scenario/types.ts'

/** Whether a candidate still breaks the same promise. @throws where the time is up */
export type Fails = (candidate: ConcreteScenario) => Promise<boolean>

/** Of the promise that is broken. */
export type PromiseKind = Checker['kind']

export interface Pass {
  readonly name: string
  run(scenario: ConcreteScenario, fails: Fails, kind: PromiseKind): Promise<ConcreteScenario>
}
