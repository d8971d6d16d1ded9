/** Every seed twice, in processes of their own: does the trace come out again? */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { HarnessSource } from '../harness.ts'
import { FILES } from '../report/folder.ts'
import type { ConcreteScenario, Tier } from '../scenario/types.ts'
import type { Job, Source } from '../sweep/job.ts'
import { dealt } from '../sweep/plan.ts'
import { Pool } from '../sweep/pool.ts'
import { ProgressBar, type Terminal } from '../sweep/progress.ts'
import type { SimEvent } from '../trace/types.ts'
import { type Difference, firstDifference } from './compare.ts'

export interface TwiceInit {
  readonly harness: HarnessSource
  /** Seeds are dealt to them in turn, as in a sweep. */
  readonly scenarios: readonly { readonly scenario: Source; readonly tier: Tier }[]
  readonly from: number
  readonly seeds: number
  readonly processes: number
  /** Null: no limit. Half of it is for each run. */
  readonly timeMs: number | null
  /** Program of the second runs. */
  readonly execPath: string
  readonly terminal: Terminal | null
  readonly signal: AbortSignal
}

export interface Twice {
  /** Seeds that ran twice. */
  readonly seeds: number
  readonly different: readonly number[]
  /** Seeds that could not be run, and why. */
  readonly failed: readonly { readonly seed: number; readonly sentence: string }[]
}

export async function runTwice(init: TwiceInit): Promise<Twice> {
  const all = Array.from({ length: init.seeds }, (_, i) => init.from + i)
  const failed: { seed: number; sentence: string }[] = []
  const hashes = async (seeds: readonly number[], execPath: string, what: string) => {
    const found = new Map<number, string>()
    const progress = new ProgressBar(init.terminal)
    const pool = new Pool({ harness: init.harness, processes: init.processes, execPath })
    const beganMs = performance.now()
    const limitMs = init.timeMs === null ? null : init.timeMs / 2
    const elapsedMs = () => performance.now() - beganMs
    function* jobs(): Generator<Job> {
      for (const seed of seeds) {
        if (limitMs !== null && elapsedMs() > limitMs) return
        yield { ...dealt(init.scenarios, seed), seed }
      }
    }
    try {
      await pool.runAll(
        jobs(),
        ({ seed }, { result }) => {
          if (result.traceHash === '') failed.push({ seed, sentence: result.verdict.sentence })
          else found.set(seed, result.traceHash)
          const done = found.size
          progress.show({
            what,
            done,
            total: seeds.length,
            elapsedMs: elapsedMs(),
            limitMs,
            violated: 0,
            unknown: failed.length,
          })
        },
        init.signal,
      )
    } finally {
      pool.close()
      progress.clear()
    }
    return found
  }
  const first = await hashes(all, process.execPath, 'first runs')
  const second = await hashes(
    [...first.keys()].toSorted((a, b) => a - b),
    init.execPath,
    'second runs',
  )
  const different = [...second.keys()].filter(seed => second.get(seed) !== first.get(seed))
  return { seeds: second.size, different: different.toSorted((a, b) => a - b), failed }
}

export interface DifferenceInit {
  readonly harness: HarnessSource
  readonly scenario: ConcreteScenario
  readonly tier: Tier
  readonly execPath: string
  readonly signal: AbortSignal
}

const PROGRAM = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const MAX_OUTPUT_BYTES = 64 * 2 ** 20

/** Records two runs and finds where they part; null where these two did not. */
export async function findDifference(init: DifferenceInit): Promise<Difference | null> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-sim-twice-'))
  try {
    const scenario = join(folder, 'scenario.json')
    writeFileSync(scenario, JSON.stringify(init.scenario))
    const traces: string[] = []
    for (const [name, execPath] of [
      ['first', process.execPath],
      ['second', init.execPath],
    ] as const) {
      const out = join(folder, name)
      mkdirSync(out)
      await record(init, execPath, scenario, out)
      traces.push(join(out, FILES.trace))
    }
    return await firstDifference(traces[0]!, traces[1]!, isHashed(init.tier))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function record(
  { harness, tier, signal }: DifferenceInit,
  execPath: string,
  scenario: string,
  out: string,
): Promise<void> {
  const args = [...process.execArgv, PROGRAM, 'run', scenario, '--tier', String(tier), '--out', out, '--json']
  if (harness.extensions.length > 0) args.push('--with', harness.extensions.join(','))
  const env = { ...process.env, SWARM_SIM_HARNESS: harness.address }
  try {
    await promisify(execFile)(execPath, args, { env, signal, maxBuffer: MAX_OUTPUT_BYTES })
  } catch (error) {
    // 1 and 2 are verdicts of the run, whose trace is written all the same; where it is not, reading it says so.
    const { code } = error as { code?: unknown }
    if (code !== 1 && code !== 2) throw error
  }
}

/** On tiers where the engine computes, its floats differ in the last bits and are left out of the hash. */
function isHashed(tier: Tier): (event: SimEvent) => boolean {
  return event => tier === 0 || event.type !== 'loss'
}
