/** `swarm-sim sweep`: many seeds, and what they reached and broke. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { watchRun } from '../../report/watch.ts'
import { concrete, nameOf, type Source } from '../../sweep/job.ts'
import { sweep } from '../../sweep/sweep.ts'
import { type Failure, judge, type SweepResult } from '../../sweep/tally.ts'
import type { Call } from '../call.ts'
import { EXIT } from '../exit.ts'
import { runName, runsFolder, shownPath } from '../paths.ts'
import { chooseSources, namesOf } from '../reference.ts'
import { sweepTable, sweepText } from '../sweep-text.ts'
import { tableCsv } from '../table.ts'
import { endingText } from '../verdict.ts'

const DEFAULT_SEEDS = 100

export async function run(call: Call): Promise<number> {
  const { settings, surroundings } = call
  const scenarios = call.words.flatMap(word => chooseSources(call, word))
  const isQuiet = settings.json === true || settings.csv === true
  const result = await sweep({
    harness: call.source,
    scenarios,
    from: settings.from!,
    seeds: settings.seeds ?? (settings.time === undefined ? DEFAULT_SEEDS : null),
    shard: settings.shard!,
    processes: settings.jobs ?? availableParallelism(),
    timeMs: settings.time ?? null,
    terminal: surroundings.terminal,
    onRun: ({ scenario, seed, result: { verdict, traceHash } }) => {
      if (settings.verbose && !isQuiet) {
        surroundings.print(`${scenario}:${seed}  ${verdict.verdict}  ${traceHash.slice(0, 16)}  ${verdict.sentence}`)
      }
    },
    signal: surroundings.signal,
  })
  for (const failure of result.violations.slice(0, settings.keep)) await keepRun(call, scenarios, failure, isQuiet)
  surroundings.print(output(call, result))
  if (!isQuiet) noteFolders(call, result)
  return EXIT[judge(result).verdict]!
}

function output({ settings, paint }: Call, result: SweepResult): string {
  if (settings.json) return JSON.stringify({ ...judge(result), ...result })
  return settings.csv ? tableCsv(sweepTable(result)) : sweepText(paint, result)
}

/** Runs a violation once more, to tell what led to it and to write its folder. */
async function keepRun(
  call: Call,
  scenarios: readonly { readonly scenario: Source }[],
  { scenario: name, seed, tier }: Failure,
  isQuiet: boolean,
): Promise<void> {
  const { harness, surroundings, paint } = call
  const source = scenarios.find(known => nameOf(known) === name)!
  const scenario = concrete(harness, { ...source, seed, tier })
  const folder = join(runsFolder(call), runName(scenario))
  const reference = namesOf(harness).includes(name) ? `${name}:${seed}` : shownPath(call, folder)
  const { result, last } = await watchRun({ harness, scenario, tier, reference, folder, signal: surroundings.signal })
  if (!isQuiet) surroundings.print(`${endingText(paint, { scenario, tier, reference, result, last })}\n`)
}

function noteFolders(call: Call, { violations }: SweepResult): void {
  const kept = violations.slice(0, call.settings.keep)
  if (kept.length > 0) call.surroundings.print(`the first ${kept.length} are in ${shownPath(call, runsFolder(call))}`)
}
