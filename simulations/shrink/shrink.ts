/** The smallest scenario that still breaks the promise that a given one breaks. */
import { setImmediate } from 'node:timers/promises'
import type { Harness } from '../harness.ts'
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { RunResult, SimEvent, Violation } from '../trace/types.ts'
import { PASSES } from './passes.ts'
import { Patterns } from './patterns.ts'
import type { Fails, Failure } from './types.ts'

export interface ShrinkInit {
  readonly harness: Harness
  readonly scenario: ConcreteScenario
  readonly tier: Tier
  readonly timeMs: number
  readonly onTry?: (tried: Tried) => void
  readonly signal: AbortSignal
}

export interface Tried {
  readonly pass: string
  readonly runs: number
  readonly smallest: ConcreteScenario
  readonly fails: boolean
}

export interface Shrunk {
  readonly scenario: ConcreteScenario
  readonly violation: Violation
  readonly runs: number
  /** False where the time was up before nothing more could be left out. */
  readonly isMinimal: boolean
}

type OnEvent = (event: SimEvent) => void

class TimeUp extends Error {
  override readonly name = 'TimeUp'
}

/** Null where the scenario does not break anything in the first place. */
export async function shrink(init: ShrinkInit): Promise<Shrunk | null> {
  const { harness, tier, timeMs, signal } = init
  const program = await harness.tier(tier)
  const endMs = performance.now() + timeMs
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeMs)])
  let runs = 0
  const tryOne = async (candidate: ConcreteScenario, onEvent: OnEvent | undefined): Promise<RunResult> => {
    runs++
    return program.run(candidate, { signal: limit, ...(onEvent && { onEvent }) })
  }
  const seenIn = new Patterns()
  const first = await program.run(init.scenario, { signal, onEvent: event => seenIn.note(event) })
  const violation = first.verdict.violations[0]
  if (violation === undefined) return null
  const kind = harness.checkers.find(({ name }) => name === violation.checker)?.kind ?? 'liveness'
  const { fromMs, patterns } = seenIn.newest
  const failure: Failure = { kind, tier, fromMs, atMs: violation.atMs, patterns }
  let smallest = init.scenario
  let found = violation
  let pass = ''
  let isMinimal = true
  const seen = new Map<string, boolean>()
  const fails: Fails = async (candidate, onEvent) => {
    const key = JSON.stringify(candidate)
    const known = onEvent === undefined ? seen.get(key) : undefined
    if (known !== undefined) return known
    // A run in virtual time may not let any timer fire; between two there is time for them, and for Ctrl-C.
    await setImmediate()
    if (limit.aborted || performance.now() >= endMs) throw new TimeUp()
    const same = await brokenBy(candidate, violation.checker, harness, one => tryOne(one, onEvent), limit)
    seen.set(key, same !== null)
    if (same !== null) [smallest, found] = [candidate, same]
    init.onTry?.({ pass, runs, smallest, fails: same !== null })
    return same !== null
  }
  try {
    for (let [before, isFirst] = ['', true]; before !== JSON.stringify(smallest); isFirst = false) {
      before = JSON.stringify(smallest)
      for (const { name, isOnce = false, run } of PASSES) {
        if (isOnce && !isFirst) continue
        pass = name
        smallest = await run(smallest, fails, failure)
      }
    }
  } catch (error) {
    if (signal.aborted || !(error instanceof TimeUp)) throw error
    isMinimal = false
  }
  // A cut limit makes tries cheap; a run of what is left must come to its end once the bug is gone, or it is no regression test.
  const { limitMs } = init.scenario
  if (smallest.limitMs !== limitMs) {
    const uncut = { ...smallest, limitMs }
    const same = await brokenBy(uncut, violation.checker, harness, one => program.run(one, { signal }), signal)
    if (same !== null) [smallest, found] = [uncut, same]
  }
  return { scenario: smallest, violation: found, runs, isMinimal }
}

/** The violation of the same promise, or null. A candidate that the language does not admit breaks nothing. */
async function brokenBy(
  candidate: ConcreteScenario,
  checker: string,
  harness: Harness,
  run: (candidate: ConcreteScenario) => Promise<RunResult>,
  limit: AbortSignal,
): Promise<Violation | null> {
  try {
    harness.parse(JSON.parse(JSON.stringify(candidate)))
  } catch {
    // Too few seats for its liars, a fault after the end: not a scenario.
    return null
  }
  try {
    const { verdict } = await run(candidate)
    return verdict.violations.find(violation => violation.checker === checker) ?? null
  } catch (error) {
    if (limit.aborted) throw new TimeUp()
    throw error
  }
}
