/** `swarm-sim determinism`: every seed twice; where the traces part. */
import { availableParallelism } from 'node:os'
import type { Difference } from '../../determinism/compare.ts'
import { findDifference, runTwice, type Twice } from '../../determinism/twice.ts'
import { lineOf } from '../../report/describe.ts'
import type { VerdictKind } from '../../trace/types.ts'
import { EXIT } from '../exit.ts'
import type { Call } from '../program.ts'
import { chooseRun } from '../reference.ts'
import { verdictLine } from '../verdict.ts'

export async function run(call: Call): Promise<number> {
  const { settings, surroundings, harness, paint } = call
  const { scenario, tier, reference } = chooseRun(call, call.words[0]!)
  const named = harness.scenarios.find(({ name }) => name === scenario.name && reference.startsWith(name))
  const seeds = settings.seeds ?? 1
  const execPath = settings.node ?? process.execPath
  const common = { harness: surroundings.harness, tier, execPath, signal: surroundings.signal }
  const twice = await runTwice({
    ...common,
    scenario: named ?? scenario,
    from: settings.seeds === undefined ? scenario.seed : settings.from!,
    seeds,
    processes: settings.jobs ?? availableParallelism(),
    timeMs: settings.time ?? null,
    terminal: surroundings.terminal,
  })
  surroundings.signal.throwIfAborted()
  const [seed] = twice.different
  const different = seed === undefined ? null : named === undefined ? { ...scenario, seed } : harness.draw(named, seed)
  const difference = different === null ? null : await findDifference({ ...common, scenario: different })
  const verdict: VerdictKind =
    twice.different.length > 0 ? 'violated' : twice.failed.length > 0 || twice.seeds === 0 ? 'unknown' : 'valid'
  const sentence = sentenceOf(scenario.name, twice, verdict)
  if (settings.json) {
    surroundings.print(
      JSON.stringify({ kind: 'determinism', scenario: scenario.name, tier, verdict, sentence, ...twice, difference }),
    )
  } else {
    if (seed !== undefined) surroundings.print(differenceText(`${scenario.name}:${seed}`, difference))
    surroundings.print(verdictLine(paint, verdict, sentence))
  }
  return EXIT[verdict]!
}

function sentenceOf(name: string, { seeds, different, failed }: Twice, verdict: VerdictKind): string {
  if (verdict === 'valid')
    return `${seeds} ${seeds === 1 ? 'seed' : 'seeds'} of ${name} ran twice with equal trace hashes`
  if (verdict === 'violated')
    return `${different.length} of ${seeds} seeds of ${name} did not come out again: ${different.slice(0, 10).join(', ')}`
  const [first] = failed
  return first === undefined ? 'no seed ran twice' : `seed ${first.seed} could not be run: ${first.sentence}`
}

function differenceText(run: string, difference: Difference | null): string {
  if (difference === null) {
    return `${run}: the hashes differed, but two recorded runs are equal. Something that is seldom different is in play: run it again, or with --seeds 100.`
  }
  const { index, first, second, before } = difference
  return [
    `${run}: the first event that differs is #${index}`,
    ...before.map(event => `     both  ${lineOf(event)}`),
    `    first  ${first === null ? 'is over' : lineOf(first)}`,
    `   second  ${second === null ? 'is over' : lineOf(second)}`,
    ...(first !== null && second !== null && lineOf(first) === lineOf(second)
      ? [JSON.stringify(first), JSON.stringify(second)]
      : []),
    'How to find what broke it: docs/research/determinism.md',
  ].join('\n')
}
