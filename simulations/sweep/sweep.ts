/** Runs many seeds and adds up what they gave. */
import type { Shard } from '../cli/options.ts'
import type { Tier } from '../scenario/types.ts'
import { thisMaker } from '../version.ts'
import { type Job, nameOf, type Source } from './job.ts'
import { dealt, seedCount, seedsOf } from './plan.ts'
import { Pool, type PoolInit, YOUNG_HEAP } from './pool.ts'
import { ProgressBar, type Terminal } from './progress.ts'
import { addRun, emptyResult, type Run, type SweepResult } from './tally.ts'

export interface SweepInit extends PoolInit {
  /** In the order in which seeds are dealt. */
  readonly scenarios: readonly { readonly scenario: Source; readonly tier: Tier }[]
  readonly from: number
  /** Null: until the time is up. */
  readonly seeds: number | null
  readonly shard: Shard
  readonly timeMs: number | null
  readonly terminal: Terminal | null
  readonly onRun?: (run: Run) => void
  readonly signal: AbortSignal
}

export async function sweep(init: SweepInit): Promise<SweepResult> {
  const { scenarios, from, seeds, shard, timeMs, signal } = init
  const result = emptyResult({ maker: thisMaker(), shards: [shard], from, asked: seeds })
  const total = seeds === null ? null : seedCount(seeds, scenarios.length, shard)
  const beganMs = performance.now()
  const elapsedMs = () => performance.now() - beganMs
  const progress = new ProgressBar(init.terminal)
  let done = 0
  const show = () =>
    progress.show({
      what: 'seeds',
      done,
      total,
      elapsedMs: elapsedMs(),
      limitMs: timeMs,
      violated: result.scenarios.reduce((sum, { violated }) => sum + violated, 0),
      unknown: result.scenarios.reduce((sum, { unknown }) => sum + unknown, 0),
    })
  function* jobs(): Generator<Job> {
    for (const seed of seedsOf(from, seeds ?? Number.POSITIVE_INFINITY, scenarios.length, shard)) {
      if (timeMs !== null && elapsedMs() >= timeMs) {
        // Without a number of seeds the time is all that was asked for.
        result.stopped ||= seeds !== null
        return
      }
      yield { ...dealt(scenarios, seed), seed }
    }
  }
  const pool = new Pool({ ...init, execArgv: [...(init.execArgv ?? []), ...YOUNG_HEAP] })
  try {
    show()
    await pool.runAll(
      jobs(),
      (job, { result: ended, reaches }) => {
        const run = { scenario: nameOf(job), reaches, seed: job.seed, result: ended }
        addRun(result, run)
        init.onRun?.(run)
        done++
        show()
      },
      signal,
    )
  } finally {
    pool.close()
    progress.clear()
  }
  result.stopped ||= signal.aborted
  result.wallMs = elapsedMs()
  return result
}
