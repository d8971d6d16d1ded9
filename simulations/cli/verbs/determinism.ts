/** `swarm-sim determinism`: every seed twice; where the traces part. */
import { availableParallelism } from 'node:os'
import type { Difference } from '../../determinism/compare.ts'
import { findDifference, runTwice, type Twice } from '../../determinism/twice.ts'
import { lineOf } from '../../report/describe.ts'
import type { Tier } from '../../scenario/types.ts'
import { concrete, nameOf, type Source } from '../../sweep/job.ts'
import { dealt } from '../../sweep/plan.ts'
import type { VerdictKind } from '../../trace/types.ts'
import type { Call } from '../call.ts'
import { EXIT } from '../exit.ts'
import { chooseRun, chooseSources, namesOf } from '../reference.ts'
import { verdictLine } from '../verdict.ts'

interface Chosen {
  readonly scenarios: readonly { readonly scenario: Source; readonly tier: Tier }[]
  /** The seed that was named; null: those from --from on. */
  readonly seed: number | null
}

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, harness, paint } = call
  const { scenarios, seed: named } = choose(call)
  const execPath = settings.node ?? process.execPath
  const common = { harness: call.source, execPath, signal: surroundings.signal }
  const twice = await runTwice({
    ...common,
    scenarios,
    from: named ?? settings.from!,
    seeds: settings.seeds ?? 1,
    processes: settings.jobs ?? availableParallelism(),
    timeMs: settings.time ?? null,
    terminal: surroundings.terminal,
  })
  surroundings.signal.throwIfAborted()
  const [seed] = twice.different
  const different = seed === undefined ? null : { ...dealt(scenarios, seed), seed }
  const difference =
    different === null
      ? null
      : await findDifference({ ...common, scenario: concrete(harness, different), tier: different.tier })
  const verdict = verdictOf(twice)
  const sentence = sentenceOf(call.words[0]!, twice, verdict)
  if (settings.json) {
    surroundings.print(JSON.stringify({ kind: 'determinism', verdict, sentence, ...twice, difference }))
  } else {
    if (different !== null) surroundings.print(differenceText(`${nameOf(different)}:${seed}`, difference))
    surroundings.print(verdictLine(paint, verdict, sentence))
  }
  return EXIT[verdict]!
}

/** With --seeds the seeds of a name, or of all in turn; without, one run. */
function choose(call: Call): Chosen {
  const [word = ''] = call.words
  if (call.settings.seeds !== undefined) return { scenarios: chooseSources(call, word), seed: null }
  const { scenario, tier, reference } = chooseRun(call, word)
  const [name = ''] = reference.split(':')
  // Drawn in each process from its name, as a sweep does; what a file holds is sent along.
  const isNamed = namesOf(call.harness).includes(name)
  return { scenarios: [{ scenario: isNamed ? name : scenario, tier }], seed: scenario.seed }
}

function verdictOf({ different, failed, seeds }: Twice): VerdictKind {
  if (different.length > 0) return 'violated'
  return failed.length > 0 || seeds === 0 ? 'unknown' : 'valid'
}

function sentenceOf(word: string, { seeds, different, failed }: Twice, verdict: VerdictKind): string {
  const what = `${seeds} ${seeds === 1 ? 'seed' : 'seeds'} of ${word}`
  if (verdict === 'valid') return `${what} ran twice with equal trace hashes`
  if (verdict === 'violated')
    return `${different.length} of ${what} did not come out again: ${different.slice(0, 10).join(', ')}`
  const [first] = failed
  return first === undefined ? 'no seed ran twice' : `seed ${first.seed} could not be run: ${first.sentence}`
}

function differenceText(run: string, difference: Difference | null): string {
  if (difference === null) {
    return `${run}: the hashes differed, but two recorded runs are equal. Something that is seldom different is in play: run it again, or with --seeds 100.`
  }
  const { number, first, second, before } = difference
  const isSubtle = first !== null && second !== null && lineOf(first) === lineOf(second)
  return [
    `${run}: the first event that differs is #${number}`,
    ...before.map(event => `     both  ${lineOf(event)}`),
    `    first  ${first === null ? 'is over' : lineOf(first)}`,
    `   second  ${second === null ? 'is over' : lineOf(second)}`,
    ...(isSubtle ? [JSON.stringify(first), JSON.stringify(second)] : []),
    'How to find what broke it: docs/research/determinism.md',
  ].join('\n')
}
