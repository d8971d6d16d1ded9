/** Runs a scenario on tier 0 and reads from its events where the time of its rounds went. */
import { roundTarget } from '../../consensus/round/index.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import type { RunOptions, SimulationTier } from '../tier.ts'
import type { RunResult } from '../trace/types.ts'
import { type Interval, type RoundOfPeer, sumShares, type TimeShares, timeShares } from './shares.ts'

/** The pipeline has to fill once, and the first rounds are smaller; what is measured is the steady state. */
function firstMeasuredRound({ workload, swarm }: ConcreteScenario): number {
  let round = 2
  while (roundTarget(workload.target, swarm.replicas, round) < workload.target) round++
  return round
}

export interface PipelineReading {
  readonly result: RunResult
  readonly rounds: readonly RoundOfPeer[]
  /** By peer. */
  readonly computing: readonly (readonly Interval[])[]
  readonly stageOf: readonly number[]
  readonly shares: readonly { readonly stage: number; readonly shares: TimeShares }[]
  readonly total: TimeShares
  readonly meanRoundMs: number
}

export async function measurePipeline(
  tier: SimulationTier,
  scenario: ConcreteScenario,
  { signal }: Pick<RunOptions, 'signal'>,
): Promise<PipelineReading> {
  const firstRound = firstMeasuredRound(scenario)
  const peers = scenario.swarm.stages * scenario.swarm.replicas
  const computing = Array.from({ length: peers }, (): Interval[] => [])
  const arriving = Array.from({ length: peers }, (): Interval[] => [])
  const stageOf = Array.from({ length: peers }, () => 0)
  const open = new Map<number, { round: number; fromMs: number; committedMs: number | null }>()
  const rounds: RoundOfPeer[] = []
  const result = await tier.run(scenario, {
    signal,
    messages: true,
    onComputed: (peer, fromMs, toMs) => computing[peer]!.push({ fromMs, toMs }),
    onEvent(event) {
      if (event.type === 'seat') stageOf[event.peer] = event.stage
      if (event.type === 'message' && isTensor(event.kind) && event.deliveredAtMs !== null)
        arriving[event.to]!.push({ fromMs: event.atMs, toMs: event.deliveredAtMs })
      if (event.type === 'signed' && (event.kind === 'commit' || event.kind === 'idle')) {
        const round = open.get(event.peer)
        if (round !== undefined && round.committedMs === null) round.committedMs = event.atMs
      }
      if (event.type !== 'round.opened') return
      const before = open.get(event.peer)
      if (before?.committedMs != null && before.round >= firstRound) {
        const { round, fromMs, committedMs } = before
        rounds.push({ peer: event.peer, round, fromMs, committedMs, toMs: event.atMs })
      }
      open.set(event.peer, { round: event.round, fromMs: event.atMs, committedMs: null })
    },
  })
  const each = rounds.map(round => ({
    stage: stageOf[round.peer]!,
    shares: timeShares(round, computing[round.peer]!, arriving[round.peer]!),
  }))
  const stages = Array.from({ length: scenario.swarm.stages }, (_, stage) => ({
    stage,
    shares: sumShares(each.flatMap(one => (one.stage === stage ? one.shares : []))),
  }))
  return {
    result,
    rounds,
    computing,
    stageOf,
    shares: stages,
    total: sumShares(each.map(({ shares }) => shares)),
    meanRoundMs: rounds.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) / Math.max(1, rounds.length),
  }
}

function isTensor(kind: string): boolean {
  return kind === 'forward' || kind === 'backward'
}
