/** What a sweep saw, added up. Plain JSON: the parts of a sweep on many machines are put together from it. */
import type { Shard } from '../cli/options.ts'
import type { Tier } from '../scenario/types.ts'
import type { RunResult, VerdictKind } from '../trace/types.ts'
import type { Maker } from '../version.ts'

export interface Failure {
  readonly scenario: string
  readonly seed: number
  readonly tier: Tier
  readonly checker: string | null
  readonly sentence: string
}

export interface Reached {
  /** In how many seeds, and how often in all. */
  seeds: number
  times: number
}

export interface ScenarioTally {
  readonly name: string
  readonly tier: Tier
  /** What it is there for. */
  readonly reaches: string[]
  readonly reached: Record<string, Reached>
  seeds: number
  valid: number
  violated: number
  unknown: number
  virtualMs: number
  messages: number
  bytes: number
  roundsDecided: number
}

export interface SweepResult {
  readonly kind: 'sweep'
  readonly maker: Maker
  readonly shards: readonly Shard[]
  /** First seed, and how many were asked for in all shards; null: as many as there was time for. */
  readonly from: number
  readonly asked: number | null
  /** Stopped before the seeds that were asked for were done. */
  stopped: boolean
  wallMs: number
  readonly scenarios: ScenarioTally[]
  /** The first ones; `violated` and `unknown` of the scenarios count all. */
  readonly violations: Failure[]
  readonly unknowns: Failure[]
}

/** Failures that are listed; more of them tell nothing new. */
const MAX_FAILURES = 1000

export function emptyResult(init: Pick<SweepResult, 'maker' | 'shards' | 'from' | 'asked'>): SweepResult {
  return { kind: 'sweep', ...init, stopped: false, wallMs: 0, scenarios: [], violations: [], unknowns: [] }
}

export interface Run {
  readonly scenario: string
  readonly reaches: readonly string[]
  readonly seed: number
  readonly result: RunResult
}

export function addRun(sweep: SweepResult, { scenario, reaches, seed, result }: Run): void {
  const { tier, verdict, statistics } = result
  const tally = tallyOf(sweep, { name: scenario, tier, reaches })
  tally.seeds++
  tally[verdict.verdict]++
  tally.virtualMs += statistics.virtualMs
  tally.messages += statistics.messages
  tally.bytes += statistics.bytes
  tally.roundsDecided += statistics.roundsDecided
  for (const [state, times] of Object.entries(result.reached)) addReached(tally, state, { seeds: 1, times })
  if (verdict.verdict === 'valid') return
  const list = verdict.verdict === 'violated' ? sweep.violations : sweep.unknowns
  const checker = verdict.violations[0]?.checker ?? null
  if (list.length < MAX_FAILURES) list.push({ scenario, seed, tier, checker, sentence: verdict.sentence })
}

/** @throws Error where the results do not belong together */
export function mergeResults(results: readonly SweepResult[]): SweepResult {
  const [first] = results
  if (first === undefined) throw new Error('there is nothing to put together')
  const odd = results.find(({ maker }) => maker.commit !== first.maker.commit || maker.program !== first.maker.program)
  if (odd !== undefined) {
    throw new Error(`results of different code: commits ${first.maker.commit} and ${odd.maker.commit}`)
  }
  const other = results.find(({ from, asked }) => from !== first.from || asked !== first.asked)
  if (other !== undefined) throw new Error('results of different sweeps: --from or --seeds differ')
  const shards = results.flatMap(result => result.shards)
  const twice = shards.find((shard, i) => shards.findIndex(({ index }) => index === shard.index) !== i)
  if (twice !== undefined) throw new Error(`shard ${twice.index}/${twice.count} is there twice`)
  if (new Set(shards.map(({ count }) => count)).size > 1)
    throw new Error('results of different sweeps: --shard differs')
  const merged = emptyResult({ maker: first.maker, shards, from: first.from, asked: first.asked })
  for (const result of results) {
    merged.stopped ||= result.stopped
    merged.wallMs = Math.max(merged.wallMs, result.wallMs)
    for (const tally of result.scenarios) addTally(tallyOf(merged, tally), tally)
    merged.violations.push(...result.violations.slice(0, MAX_FAILURES - merged.violations.length))
    merged.unknowns.push(...result.unknowns.slice(0, MAX_FAILURES - merged.unknowns.length))
  }
  return merged
}

/** Indices of the shards that are not there. */
export function missingShards({ shards }: SweepResult): number[] {
  const count = shards[0]?.count ?? 0
  return Array.from({ length: count }, (_, index) => index).filter(
    index => !shards.some(shard => shard.index === index),
  )
}

/** States that a scenario is there for and no seed of it reached. */
export function missedStates({ reaches, reached }: ScenarioTally): string[] {
  return reaches.filter(state => (reached[state]?.seeds ?? 0) === 0)
}

export function seedsDone({ scenarios }: SweepResult): number {
  return scenarios.reduce((sum, { seeds }) => sum + seeds, 0)
}

/** @param missing - shards without which nothing can be said of the whole */
export function judge(sweep: SweepResult, missing: readonly number[] = []): { verdict: VerdictKind; sentence: string } {
  const sum = (kind: VerdictKind) => sweep.scenarios.reduce((total, tally) => total + tally[kind], 0)
  const seeds = seedsDone(sweep)
  const [broken] = sweep.violations
  if (broken !== undefined) {
    const sentence = `${sum('violated')} of ${seeds} seeds broke a promise, first ${broken.scenario}:${broken.seed}: ${broken.sentence}`
    return { verdict: 'violated', sentence }
  }
  const missed = sweep.scenarios.flatMap(tally =>
    missedStates(tally).map(state => `${tally.name} never reached '${state}'`),
  )
  const [unclear] = sweep.unknowns
  const why = [
    ...(seeds === 0 ? ['no seed was run'] : []),
    ...(unclear === undefined
      ? []
      : [
          `${sum('unknown')} of ${seeds} seeds cannot be judged, first ${unclear.scenario}:${unclear.seed}: ${unclear.sentence}`,
        ]),
    ...missed,
    ...(missing.length === 0 ? [] : [`shards are missing: ${missing.join(', ')}`]),
  ]
  if (why.length > 0) return { verdict: 'unknown', sentence: why.join('; ') }
  return { verdict: 'valid', sentence: `everything that was checked held in ${seeds} seeds` }
}

function tallyOf(
  sweep: SweepResult,
  { name, tier, reaches }: Pick<ScenarioTally, 'name' | 'tier'> & { readonly reaches: readonly string[] },
): ScenarioTally {
  let tally = sweep.scenarios.find(known => known.name === name && known.tier === tier)
  if (tally === undefined) {
    const counts = {
      seeds: 0,
      valid: 0,
      violated: 0,
      unknown: 0,
      virtualMs: 0,
      messages: 0,
      bytes: 0,
      roundsDecided: 0,
    }
    tally = { name, tier, reaches: [], reached: {}, ...counts }
    sweep.scenarios.push(tally)
  }
  // A mix has those of all its scenarios, and a run that failed has none.
  for (const state of reaches) if (!tally.reaches.includes(state)) tally.reaches.push(state)
  return tally
}

function addReached(tally: ScenarioTally, state: string, { seeds, times }: Reached): void {
  const known = tally.reached[state] ?? { seeds: 0, times: 0 }
  tally.reached[state] = { seeds: known.seeds + seeds, times: known.times + times }
}

function addTally(into: ScenarioTally, from: ScenarioTally): void {
  const counts = ['seeds', 'valid', 'violated', 'unknown', 'virtualMs', 'messages', 'bytes', 'roundsDecided'] as const
  for (const name of counts) into[name] += from[name]
  for (const [state, reached] of Object.entries(from.reached)) addReached(into, state, reached)
}
