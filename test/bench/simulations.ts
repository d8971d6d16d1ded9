/** How much faster than real time the simulations run, and how many seeds of the standard mix a second. */
import { availableParallelism } from 'node:os'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import type { ConcreteScenario } from '../../simulations/scenario/types.ts'
import { openInternet } from '../../simulations/scenarios/open-internet.ts'
import { standard } from '../../simulations/scenarios/standard.ts'
import { sweep } from '../../simulations/sweep/sweep.ts'
import { seedsDone } from '../../simulations/sweep/tally.ts'
import type { SimulationTier } from '../../simulations/tier.ts'
import { tier0 } from '../../simulations/tier0/index.ts'
import { tier1 } from '../../simulations/tier1/index.ts'
import { atLeast, type Benchmark, compare, type Figure } from './measure.ts'

/** Virtual seconds a second. */
const TIER0_SPEED = 1_000
const TIER1_SPEED = 20
const TIER0_PEERS = 32
const TIER0_SEEDS = 3
/** While V8 compiles. */
const WARM_UP_SEED = 1
/** Seeds that continuous integration has to do in its sweep. */
const SEEDS_A_SECOND = 5_000 / 300
const SWEEP_MS = 30_000
const HARNESS = new URL('../../simulations/index.ts', import.meta.url).href

export const simulations: Benchmark = {
  about: 'virtual time beside the time it takes, and seeds of the standard mix a second (bound: what is asked for)',
  run: benchSimulations,
}

async function* benchSimulations(signal: AbortSignal): AsyncGenerator<Figure> {
  await speedOf(tier0, [drawScenario(standard(WARM_UP_SEED), WARM_UP_SEED)], signal)
  const big = await speedOf(tier0, standardSeeds(TIER0_PEERS, TIER0_SEEDS), signal)
  yield compare({ name: `tier 0, ${TIER0_PEERS} peers`, value: big, unit: 's/s' }, TIER0_SPEED, atLeast(1))
  const { stages, replicas } = openInternet.swarm
  const real = await speedOf(tier1, [drawScenario(openInternet, WARM_UP_SEED)], signal)
  yield compare({ name: `tier 1, ${stages * replicas} peers`, value: real, unit: 's/s' }, TIER1_SPEED, atLeast(1))
  const mix = await sweep({
    harness: { address: HARNESS, extensions: [] },
    scenarios: [{ scenario: 'standard', tier: 0 }],
    from: 1,
    seeds: null,
    shard: { index: 0, count: 1 },
    processes: availableParallelism(),
    timeMs: SWEEP_MS,
    terminal: null,
    signal,
  })
  const rate = seedsDone(mix) / (mix.wallMs / 1000)
  yield compare({ name: 'standard mix, all cores', value: rate, unit: 'seeds/s' }, SEEDS_A_SECOND, atLeast(1))
}

/** The first seeds of the mix with so many peers. */
function standardSeeds(peers: number, count: number): ConcreteScenario[] {
  const found: ConcreteScenario[] = []
  for (let seed = 1; found.length < count; seed++) {
    const scenario = standard(seed)
    if (scenario.swarm.stages * scenario.swarm.replicas === peers) found.push(drawScenario(scenario, seed))
  }
  return found
}

/** Virtual milliseconds a millisecond, over all of them. @throws where a promise is broken: that run says nothing of speed */
async function speedOf(
  tier: SimulationTier,
  scenarios: readonly ConcreteScenario[],
  signal: AbortSignal,
): Promise<number> {
  let [virtualMs, wallMs] = [0, 0]
  for (const scenario of scenarios) {
    const { verdict, statistics } = await tier.run(scenario, { signal })
    if (verdict.verdict !== 'valid') throw new Error(`${scenario.name}:${scenario.seed}: ${verdict.sentence}`)
    virtualMs += statistics.virtualMs
    wallMs += statistics.wallMs
  }
  return virtualMs / wallMs
}
