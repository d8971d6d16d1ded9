/**
 * How much faster than real time the simulations run, and how many seeds of the standard mix a second: in one process, and in as many as
 * there are cores, each with seeds of its own. The targets are for a machine's cores, so the second is held against them.
 */
import { availableParallelism } from 'node:os'
import { calm } from '../../simulations/scenarios/calm.ts'
import { openInternet } from '../../simulations/scenarios/open-internet.ts'
import { standard } from '../../simulations/scenarios/standard.ts'
import type { Job } from '../../simulations/sweep/job.ts'
import { Pool, YOUNG_HEAP } from '../../simulations/sweep/pool.ts'
import { sweep } from '../../simulations/sweep/sweep.ts'
import { seedsDone } from '../../simulations/sweep/tally.ts'
import { atLeast, type Benchmark, compare, type Figure, inform } from './measure.ts'

/** Virtual seconds a second. */
const TIER0_SPEED = 1_000
const TIER1_SPEED = 20
const TIER0_PEERS = 32
/** Of each process. */
const TIER0_SEEDS = 8
const TIER1_SEEDS = 1
/** While a process loads, and V8 begins to compile. */
const TIER0_WARM_UP: Job = { scenario: 'standard', seed: 1, tier: 0 }
const TIER1_WARM_UP: Job = {
  scenario: { ...calm, tiers: [1], workload: { ...calm.workload, rounds: 1 } },
  seed: 1,
  tier: 1,
}
/** Seeds that continuous integration has to do in its sweep. */
const SEEDS_A_SECOND = 5_000 / 300
const SWEEP_MS = 30_000
const HARNESS = { address: new URL('../../simulations/index.ts', import.meta.url).href, extensions: [] }

export const simulations: Benchmark = {
  about: 'virtual time beside the time it takes, and seeds of the standard mix a second (bound: what is asked for)',
  run: benchSimulations,
}

async function* benchSimulations(signal: AbortSignal): AsyncGenerator<Figure> {
  const cores = availableParallelism()
  const { stages, replicas } = openInternet.swarm
  const asked = [
    { name: `tier 0, ${TIER0_PEERS} peers`, warmUp: TIER0_WARM_UP, jobs: tier0Jobs, bound: TIER0_SPEED },
    { name: `tier 1, ${stages * replicas} peers`, warmUp: TIER1_WARM_UP, jobs: tier1Jobs, bound: TIER1_SPEED },
  ]
  for (const { name, warmUp, jobs, bound } of asked) {
    const alone = await speedOf(warmUp, jobs(1), 1, signal)
    yield inform({ name: `${name}, one process`, value: alone, unit: 's/s' })
    const value = await speedOf(warmUp, jobs(cores), cores, signal)
    yield compare({ name: `${name}, all ${cores} cores`, value, unit: 's/s' }, bound, atLeast(1))
  }
  const mix = await sweep({
    harness: HARNESS,
    scenarios: [{ scenario: 'standard', tier: 0 }],
    from: 1,
    seeds: null,
    shard: { index: 0, count: 1 },
    processes: cores,
    timeMs: SWEEP_MS,
    terminal: null,
    signal,
  })
  const rate = seedsDone(mix) / (mix.wallMs / 1000)
  yield compare({ name: `standard mix, all ${cores} cores`, value: rate, unit: 'seeds/s' }, SEEDS_A_SECOND, atLeast(1))
}

/** The first seeds of the mix with so many peers. */
function tier0Jobs(processes: number): Job[] {
  const found: Job[] = []
  for (let seed = 1; found.length < TIER0_SEEDS * processes; seed++) {
    const { swarm } = standard(seed)
    if (swarm.stages * swarm.replicas === TIER0_PEERS) found.push({ scenario: 'standard', seed, tier: 0 })
  }
  return found
}

function tier1Jobs(processes: number): Job[] {
  return Array.from({ length: TIER1_SEEDS * processes }, (_, index) => ({
    scenario: openInternet.name,
    seed: index + 1,
    tier: 1,
  }))
}

/**
 * Virtual milliseconds a millisecond, over all of them, in the processes of a sweep; from when all have loaded until the last is done.
 * @throws where a promise is broken: that run says nothing of speed
 */
async function speedOf(warmUp: Job, jobs: readonly Job[], processes: number, signal: AbortSignal): Promise<number> {
  const pool = new Pool({ harness: HARNESS, processes, execArgv: YOUNG_HEAP })
  let virtualMs = 0
  const run = (some: readonly Job[]): Promise<void> =>
    pool.runAll(
      some,
      ({ seed }, { result: { verdict, statistics } }) => {
        if (verdict.verdict !== 'valid') throw new Error(`seed ${seed}: ${verdict.sentence}`)
        virtualMs += statistics.virtualMs
      },
      signal,
    )
  try {
    await run(Array.from({ length: processes }, () => warmUp))
    signal.throwIfAborted()
    virtualMs = 0
    const beganMs = performance.now()
    await run(jobs)
    signal.throwIfAborted()
    return virtualMs / (performance.now() - beganMs)
  } finally {
    pool.close()
  }
}
