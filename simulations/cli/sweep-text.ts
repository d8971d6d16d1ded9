/** The result of a sweep, in words and as a table. */
import { count, duration, type Paint } from '../../node/cli/projections/text.ts'
import { judge, missedStates, type ScenarioTally, type SweepResult, seedsDone } from '../sweep/tally.ts'
import type { Table } from './table.ts'
import { tableText } from './table.ts'
import { verdictLine } from './verdict.ts'

/** Failures that are named on a terminal. */
const NAMED = 10

export function sweepTable({ scenarios }: SweepResult): Table {
  return {
    columns: [
      'scenario',
      'tier',
      'seeds',
      'valid',
      'violated',
      'unknown',
      'rounds',
      'messages',
      'virtual s',
      'never reached',
    ],
    rows: scenarios
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(tally => [
        tally.name,
        tally.tier,
        tally.seeds,
        tally.valid,
        tally.violated,
        tally.unknown,
        tally.roundsDecided,
        tally.messages,
        Math.round(tally.virtualMs / 1000),
        missedStates(tally).join(' '),
      ]),
  }
}

/** "Sometimes": in how many seeds each state was reached, over all scenarios. */
export function statesTable({ scenarios }: SweepResult): Table {
  const states = new Map<string, { seeds: number; times: number; scenarios: number }>()
  for (const { reached } of scenarios) {
    for (const [state, { seeds, times }] of Object.entries(reached)) {
      const known = states.get(state) ?? { seeds: 0, times: 0, scenarios: 0 }
      states.set(state, { seeds: known.seeds + seeds, times: known.times + times, scenarios: known.scenarios + 1 })
    }
  }
  return {
    columns: ['sometimes', 'seeds', 'times', 'scenarios'],
    rows: [...states.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([state, { seeds, times, scenarios: met }]) => [state, seeds, times, met]),
  }
}

export function sweepText(paint: Paint, sweep: SweepResult, missing: readonly number[] = []): string {
  const { verdict, sentence } = judge(sweep, missing)
  const states = statesTable(sweep)
  const seeds = seedsDone(sweep)
  const seconds = Math.max(0.001, sweep.wallMs / 1000)
  const virtualMs = sum(sweep, 'virtualMs')
  const listed = [...sweep.violations, ...sweep.unknowns]
  const named = listed
    .slice(0, NAMED)
    .map(failure => `${failure.scenario}:${failure.seed}  ${failure.checker ?? 'unknown'}: ${failure.sentence}`)
  const more = listed.length > NAMED ? [`and ${listed.length - NAMED} more; --json lists them`] : []
  return [
    tableText(sweepTable(sweep)),
    '',
    ...(states.rows.length === 0 ? [] : [tableText(states), '']),
    ...(listed.length === 0 ? [] : [...named, ...more, '']),
    `${count(seeds)} seeds of ${sweep.scenarios.length} ${sweep.scenarios.length === 1 ? 'scenario' : 'scenarios'} in ${duration(sweep.wallMs)}: ${(seeds / seconds).toFixed(1)} seeds/s, ` +
      `${count(virtualMs / Math.max(1, sweep.wallMs))}x real time, ${count(sum(sweep, 'roundsDecided'))} rounds decided, commit ${sweep.maker.commit}` +
      (sweep.stopped && sweep.asked !== null ? `; stopped before all ${count(sweep.asked)} were done` : ''),
    verdictLine(paint, verdict, sentence),
  ].join('\n')
}

function sum({ scenarios }: SweepResult, name: 'virtualMs' | 'roundsDecided'): number {
  return scenarios.reduce((total, tally: ScenarioTally) => total + tally[name], 0)
}
