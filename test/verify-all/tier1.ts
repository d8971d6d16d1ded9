/** Tier 1 of the simulations: many seeds twice, learning with liars, and how much faster than real it is. */
import { availableParallelism } from 'node:os'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import type { Scenario } from '../../simulations/scenario/types.ts'
import { calm } from '../../simulations/scenarios/calm.ts'
import { gradientLiars } from '../../simulations/scenarios/gradient-liars.ts'
import { openInternet } from '../../simulations/scenarios/open-internet.ts'
import type { SweepResult } from '../../simulations/sweep/tally.ts'
import { tier1 } from '../../simulations/tier1/index.ts'
import { learningCost } from '../../simulations/tier1/learning.ts'
import type { RunResult } from '../../simulations/trace/types.ts'
import { swarmSim } from './simulations.ts'
import type { LongCheck } from './types.ts'

const SEEDS = 50
const DETERMINISM_ROUNDS = 3
/** Loss with liars over loss without them. */
const LEARNING_FACTOR = 1.06
const LEARNING_SEEDS = [1, 2, 3]
/** Virtual seconds a second. */
const SPEED = 20
const SPEED_PEERS = openInternet.swarm.stages * openInternet.swarm.replicas
/** Of each process, one after the other, as a sweep runs them: the first also pays for loading and compiling. */
const SPEED_SEEDS = 3

function run(scenario: Scenario, seed: number): Promise<RunResult> {
  return tier1.run(drawScenario(scenario, seed), { signal: new AbortController().signal })
}

export const tier1Determinism: LongCheck = {
  name: 'tier1-determinism',
  claim: `${SEEDS} seeds of the real network stack, with crashes and lost packets, run twice give equal trace hashes`,
  async run() {
    const scenario: Scenario = {
      ...calm,
      tiers: [1],
      workload: { ...calm.workload, rounds: DETERMINISM_ROUNDS },
      faults: [
        { kind: 'crash', perMinute: 2, durationMs: [2_000, 8_000] },
        { kind: 'loss', perMinute: 2, durationMs: [5_000, 20_000] },
      ],
      healAtMs: 40_000,
    }
    const hashes = new Set<string>()
    for (let seed = 1; seed <= SEEDS; seed++) {
      const [first, second] = [await run(scenario, seed), await run(scenario, seed)]
      if (first.traceHash !== second.traceHash) throw new Error(`seed ${seed}: ${first.traceHash}, ${second.traceHash}`)
      if (first.verdict.verdict !== 'valid') throw new Error(`seed ${seed}: ${first.verdict.sentence}`)
      hashes.add(first.traceHash)
    }
    if (hashes.size < SEEDS) throw new Error(`only ${hashes.size} different traces of ${SEEDS} seeds`)
    return `${SEEDS} seeds, ${hashes.size} traces, each twice`
  },
}

export const tier1Learning: LongCheck = {
  name: 'tier1-learning',
  claim: `with a liar in each stage the loss stays within ${LEARNING_FACTOR} of the same seed without`,
  async run() {
    const seen: string[] = []
    for (const seed of LEARNING_SEEDS) {
      const { clean, attacked, factor } = await learningCost(
        drawScenario(gradientLiars, seed),
        new AbortController().signal,
      )
      seen.push(`seed ${seed}: ${attacked.toFixed(3)} against ${clean.toFixed(3)} (${factor.toFixed(3)})`)
      if (factor > LEARNING_FACTOR) throw new Error(seen.join('; '))
    }
    return seen.join('; ')
  },
}

export const tier1Speed: LongCheck = {
  name: 'tier1-speed',
  claim: `${SPEED_PEERS} peers of the real network stack run ${SPEED} times as fast as real ones, added up over all cores, in a sweep with as many processes and ${SPEED_SEEDS} seeds each`,
  async run() {
    const cores = availableParallelism()
    const alone = await speedOf(1)
    const together = await speedOf(cores)
    const saw = `${together.said}, on all ${cores} cores; one process alone: ${alone.said}; the start of the processes among them`
    if (together.speed < SPEED) throw new Error(saw)
    return saw
  },
}

async function speedOf(processes: number): Promise<{ readonly speed: number; readonly said: string }> {
  const { name, workload } = openInternet
  const seeds = SPEED_SEEDS * processes
  const result = await swarmSim<SweepResult>('sweep', name, '--seeds', String(seeds), '--jobs', String(processes))
  const virtualMs = result.scenarios.reduce((sum, scenario) => sum + scenario.virtualMs, 0)
  const speed = virtualMs / result.wallMs
  const [virtualS, wallS] = [Math.round(virtualMs / 1000), Math.round(result.wallMs / 1000)]
  return {
    speed,
    said: `${speed.toFixed(1)} times (${seeds} x ${workload.rounds} rounds in ${virtualS} virtual seconds, ${wallS} real ones)`,
  }
}
