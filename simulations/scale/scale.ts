/** The same scenario with ever more peers: what a round costs then. Each size runs in a process of its own. */
import type { HarnessSource } from '../harness.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import type { Job, Outcome } from '../sweep/job.ts'
import { Pool } from '../sweep/pool.ts'
import { type Fit, fitGrowth } from './fit.ts'

/**
 * Thousands of peers have more under way at a time than those of a sweep, and every collection of the young copies it: with 128 MiB
 * instead of 512, 2,560 peers took a fifth more processor time. What is old lives for a round or two: all of it was walked seven
 * times in two rounds of 10,000 peers, also because the swarm was quiet for a moment. Not before there are 4 GiB of it.
 */
const BIG_HEAP: readonly string[] = [
  '--min-semi-space-size=64',
  '--max-semi-space-size=512',
  '--initial-old-space-size=4096',
  '--no-memory-reducer',
]

export interface ScaleRow {
  readonly peers: number
  readonly stages: number
  readonly replicas: number
  readonly verdict: string
  readonly rounds: number
  /** That came back through all stages, a round. */
  readonly microBatchesPerRound: number
  /** Processor time of the whole run. */
  readonly cpuSeconds: number
  readonly roundsPerSecond: number
  readonly timesRealTime: number
  readonly messagesPerPeerRound: number
  readonly bytesPerPeerRound: number
  readonly memoryPerPeer: number
  readonly memoryBytes: number
}

export interface ScaleFits {
  /** Sizes that they are fitted over. */
  readonly peers: readonly number[]
  readonly cpu: Fit | null
  readonly messages: Fit | null
  readonly bytes: Fit | null
  readonly memory: Fit | null
}

export interface ScaleInit {
  readonly source: HarnessSource
  /** One for each size. */
  readonly scenarios: readonly ConcreteScenario[]
  readonly memoryMiB: number
  readonly onRow: (row: ScaleRow) => void
  readonly signal: AbortSignal
}

/** Full stages where two of them fit, else two smaller ones. */
export function sizeOf(peers: number, replicas: number): { stages: number; replicas: number } {
  if (peers >= 2 * replicas) return { stages: Math.round(peers / replicas), replicas }
  return { stages: 2, replicas: Math.max(2, Math.floor(peers / 2)) }
}

export async function measureScale(init: ScaleInit): Promise<ScaleRow[]> {
  const rows: ScaleRow[] = []
  const pool = new Pool({
    harness: init.source,
    processes: 1,
    fresh: true,
    limitMs: 3_600_000,
    execArgv: [`--max-old-space-size=${init.memoryMiB}`, ...BIG_HEAP],
  })
  const { scenarios } = init
  const jobs = scenarios.map((scenario): Job => ({ scenario, seed: scenario.seed, tier: 0 }))
  try {
    const onOutcome = (_: Job, outcome: Outcome) => {
      const row = rowOf(scenarios[rows.length]!, outcome)
      rows.push(row)
      init.onRow(row)
    }
    await pool.runAll(jobs, onOutcome, init.signal)
  } finally {
    pool.close()
  }
  return rows
}

function rowOf(scenario: ConcreteScenario, { result, cpuMs, memoryBytes }: Outcome): ScaleRow {
  const { stages, replicas } = scenario.swarm
  const peers = stages * replicas
  const { statistics, verdict } = result
  // A round of the swarm is one of every stage.
  const rounds = Math.min(scenario.workload.rounds, Math.floor(statistics.roundsDecided / stages))
  const each = peers * Math.max(1, rounds)
  return {
    peers,
    stages,
    replicas,
    verdict: verdict.verdict === 'valid' ? 'valid' : `${verdict.verdict}: ${verdict.sentence}`,
    rounds,
    microBatchesPerRound: statistics.microBatchesSettled / Math.max(1, rounds),
    cpuSeconds: cpuMs / 1000,
    roundsPerSecond: rounds / Math.max(1e-9, statistics.wallMs / 1000),
    timesRealTime: statistics.virtualMs / Math.max(1e-9, statistics.wallMs),
    messagesPerPeerRound: statistics.messages / each,
    bytesPerPeerRound: statistics.bytes / each,
    memoryPerPeer: memoryBytes / peers,
    memoryBytes,
  }
}

/** Growth with the number of peers, over the sizes whose stages are full: a smaller stage is another thing. */
export function fitRows(rows: readonly ScaleRow[], replicas: number): ScaleFits {
  const full = rows.filter(row => row.replicas === replicas && row.rounds > 0)
  const growth = (cost: (row: ScaleRow) => number) => fitGrowth(full.map(row => [row.peers, cost(row)] as const))
  return {
    peers: full.map(({ peers }) => peers),
    cpu: growth(row => row.cpuSeconds / row.rounds),
    messages: growth(row => row.messagesPerPeerRound * row.peers),
    bytes: growth(row => row.bytesPerPeerRound * row.peers),
    memory: growth(row => row.memoryBytes),
  }
}
