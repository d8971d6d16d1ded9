/** All checkers by name, and how a run is judged by them. */
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { SimEvent, Verdict, Violation } from '../trace/types.ts'
import { bounded } from './bounded.ts'
import { computable } from './computable.ts'
import { decisiveVotes } from './decisive-votes.ts'
import { equalOutcomes } from './equal-outcomes.ts'
import { finishes } from './finishes.ts'
import { heals } from './heals.ts'
import { honestUnaccused } from './honest-unaccused.ts'
import { inherits } from './inherits.ts'
import { liesDetected } from './lies-detected.ts'
import { locks } from './locks.ts'
import { lostWaits } from './lost-waits.ts'
import { monotone } from './monotone.ts'
import { oneDecision } from './one-decision.ts'
import { oneFinal } from './one-final.ts'
import { oneMachine } from './one-machine.ts'
import { onlyAbsent } from './only-absent.ts'
import { paidOnce } from './paid-once.ts'
import { quorums } from './quorums.ts'
import { recomputable } from './recomputable.ts'
import { recordsMonotone } from './records-monotone.ts'
import { signsOnce } from './signs-once.ts'
import type { Checker, RunningChecker } from './types.ts'

const ALL: readonly Checker[] = [
  bounded,
  computable,
  decisiveVotes,
  equalOutcomes,
  finishes,
  heals,
  honestUnaccused,
  inherits,
  liesDetected,
  locks,
  lostWaits,
  monotone,
  oneDecision,
  oneFinal,
  oneMachine,
  onlyAbsent,
  paidOnce,
  quorums,
  recomputable,
  recordsMonotone,
  signsOnce,
]

export const CHECKERS: Readonly<Record<string, Checker>> = Object.fromEntries(ALL.map(one => [one.name, one]))

export interface RunningCheckers {
  /** True where a promise is broken. */
  event(event: SimEvent): boolean
  verdict(atMs: number): Verdict
}

/** Those that the scenario asks for, as far as the tier has the events for them. */
export function runningCheckers(scenario: ConcreteScenario, tier: Tier): RunningCheckers {
  const named = Object.values(CHECKERS).filter(checker => checker.tiers.includes(tier))
  const { checks } = scenario
  const chosen = checks === 'all' ? named : named.filter(({ name }) => checks.includes(name))
  const running = chosen.map((checker): RunningChecker => checker.start(scenario))
  const violations: Violation[] = []
  return {
    event(event) {
      for (const checker of running) {
        const violation = checker.event(event)
        if (violation !== null) violations.push(violation)
      }
      return violations.length > 0
    },
    verdict(atMs) {
      let isUnknown = false
      if (violations.length === 0) {
        for (const checker of running) {
          const end = checker.end(atMs)
          if (end === 'unknown') isUnknown = true
          else if (end !== null) violations.push(end)
        }
      }
      const [first] = violations
      if (first !== undefined) return { verdict: 'violated', sentence: first.sentence, violations }
      if (isUnknown) return { verdict: 'unknown', sentence: 'the run ended before it could be judged', violations }
      return { verdict: 'valid', sentence: `all ${running.length} promises held`, violations }
    },
  }
}
