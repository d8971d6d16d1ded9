/** One seed of one scenario, run for its verdict alone. Also what a sweep's processes say to each other. */
import { existsSync, readFileSync } from 'node:fs'
import type { Harness } from '../harness.ts'
import type { ConcreteScenario, Scenario, Tier } from '../scenario/types.ts'
import type { RunResult } from '../trace/types.ts'

/** A name, or what a file holds. */
export type Source = string | Scenario | ConcreteScenario

export interface Job {
  readonly scenario: Source
  readonly seed: number
  readonly tier: Tier
}

export interface Outcome {
  readonly result: RunResult
  /** The scenario's. */
  readonly reaches: readonly string[]
  /** Of the whole process while it ran this: processor time, and the most memory that it ever held beyond what it began with. */
  readonly cpuMs: number
  readonly memoryBytes: number
}

export function concrete(harness: Harness, { scenario, seed }: Job): ConcreteScenario {
  if (typeof scenario !== 'string') return 'seed' in scenario ? { ...scenario, seed } : harness.draw(scenario, seed)
  const named = harness.scenarioOf(scenario, seed)
  if (named === null) throw new Error(`there is no scenario '${scenario}'`)
  return harness.draw(named, seed)
}

export function nameOf({ scenario }: Pick<Job, 'scenario'>): string {
  return typeof scenario === 'string' ? scenario : scenario.name
}

/** Never rejects but for the signal: a run that throws is unknown, and says why. */
export async function runJob(harness: Harness, job: Job, signal: AbortSignal): Promise<Outcome> {
  const baseBytes = process.memoryUsage.rss()
  const cpu = process.cpuUsage()
  const began = performance.now()
  let result: RunResult
  let reaches: readonly string[] = []
  try {
    const tier = await harness.tier(job.tier)
    const scenario = concrete(harness, job)
    reaches = scenario.reaches
    result = await tier.run(scenario, { signal })
  } catch (error) {
    if (signal.aborted) throw error
    result = failedResult(job.tier, `the run failed: ${whereItFailed(error)}`, performance.now() - began)
  }
  const { user, system } = process.cpuUsage(cpu)
  return { result, reaches, cpuMs: (user + system) / 1000, memoryBytes: Math.max(0, peakMemoryBytes() - baseBytes) }
}

/** Linux hands a parent's `maxRSS` on to its children, so there the address space's own mark is read. */
function peakMemoryBytes(): number {
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : ''
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS
  return Number(kibibytes) * 1024
}

const STATUS = '/proc/self/status'

/** One line: `swarm-sim run` shows the whole stack. */
function whereItFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [, frame] = /^\s*at (.+)$/m.exec(error.stack ?? '') ?? []
  return `${error.message.split('\n')[0]}${frame === undefined ? '' : ` (at ${frame})`}`
}

export function failedResult(tier: Tier, sentence: string, wallMs: number): RunResult {
  return {
    tier,
    verdict: { verdict: 'unknown', sentence, violations: [] },
    traceHash: '',
    reached: {},
    statistics: { virtualMs: 0, wallMs, peers: 0, roundsDecided: 0, messages: 0, bytes: 0, microBatchesSettled: 0 },
  }
}
