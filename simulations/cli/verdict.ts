/** What a run ends with, in words. */
import { count, type Paint } from '../../node/cli/projections/text.ts'
import { lineOf } from '../report/describe.ts'
import { RELEVANT_EVENTS } from '../report/html.ts'
import { bytesText } from '../report/svg.ts'
import type { LastEvents } from '../report/window.ts'
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { RunResult, VerdictKind } from '../trace/types.ts'
import { thisMaker } from '../version.ts'

const COLOURS = { valid: 'green', violated: 'red', unknown: 'yellow' } as const satisfies Record<
  VerdictKind,
  keyof Paint
>

export function verdictLine(paint: Paint, verdict: VerdictKind, sentence: string): string {
  return `${paint.bold(paint[COLOURS[verdict]](verdict.toUpperCase()))}  ${sentence}`
}

export function costLine({ statistics }: RunResult): string {
  const { virtualMs, wallMs, peers, roundsDecided, messages, bytes, microBatchesSettled } = statistics
  const speed = wallMs > 0 ? `${count(virtualMs / wallMs)}x real time` : 'no time'
  return (
    `${count(peers)} peers, ${count(roundsDecided)} rounds decided, ${count(microBatchesSettled)} micro-batches paid, ` +
    `${count(messages)} messages, ${bytesText(bytes)}; ${(virtualMs / 1000).toFixed(1)} s virtual, ${speed}`
  )
}

/** What was asked to be met sometimes, and was. */
export function reachedLine({ reached }: RunResult): string {
  const states = Object.entries(reached).filter(([, times]) => times > 0)
  return states.length === 0 ? '' : `reached: ${states.map(([state, times]) => `${state} (${times})`).join(', ')}`
}

export interface Ending {
  readonly scenario: ConcreteScenario
  readonly tier: Tier
  /** As it can be typed again. */
  readonly reference: string
  readonly result: RunResult
  readonly last: LastEvents
}

/** The command that shows a run again. */
export function replayCommand({ reference, tier }: Pick<Ending, 'reference' | 'tier'>): string {
  return `npx swarm-sim replay ${reference} --tier ${tier} --verbose`
}

/** All that a violation is told with: seed, commit, verdict, what led to it, and how to see it again. */
export function endingText(paint: Paint, ending: Ending): string {
  const { scenario, result } = ending
  const { verdict, sentence, violations } = result.verdict
  const [violation] = violations
  const head = verdictLine(paint, verdict, sentence)
  const facts = [costLine(result), reachedLine(result)].filter(line => line !== '').map(paint.dim)
  if (violation === undefined) return [head, ...facts].join('\n')
  const events = ending.last.before(violation, RELEVANT_EVENTS)
  return [
    '',
    `the last ${events.length} events that matter:`,
    ...events.map(lineOf),
    '',
    head,
    ...violations.slice(1).map(({ checker, sentence: more }) => `          also ${checker}: ${more}`),
    `checker ${violation.checker} (swarm-sim explain ${violation.checker}), scenario ${scenario.name}, seed ${scenario.seed}, commit ${thisMaker().commit}`,
    ...facts,
    `replay: ${replayCommand(ending)}`,
    `shrink: npx swarm-sim shrink ${ending.reference} --tier ${ending.tier}`,
  ].join('\n')
}

/** The same as one JSON object. */
export function endingJson(ending: Ending, folder: string | null): string {
  const { scenario, result, last } = ending
  const [violation] = result.verdict.violations
  return JSON.stringify({
    kind: 'run',
    scenario: scenario.name,
    seed: scenario.seed,
    maker: thisMaker(),
    ...result,
    events: violation === undefined ? [] : last.before(violation, RELEVANT_EVENTS),
    replay: replayCommand(ending),
    folder,
  })
}
