/** Machines that die all the time: in simulation, then with real processes. */
import { goodputMeter, goodputShare, noGoodput } from '../../simulations/numbers/goodput.ts'
import { overSeeds } from '../../simulations/numbers/over-seeds.ts'
import { drawScenario } from '../../simulations/scenario/draw.ts'
import type { Scenario } from '../../simulations/scenario/types.ts'
import { chaos, KILLS, kills } from '../../simulations/scenarios/chaos.ts'
import { AFTERWARDS_MS, CALM_MS, realKillsTenMinutes } from '../../simulations/scenarios/real/kills-10-minutes.ts'
import { tier2 } from '../../simulations/tier2/index.ts'
import type { SimEvent } from '../../simulations/trace/types.ts'
import { percent } from './numbers.ts'
import type { LongCheck } from './types.ts'

/** Of the capacity that was alive. */
const GOODPUT = 0.9
const SEEDS = 5
const CALM_SIMULATED_MS = 300_000
/** How far the last peer may be behind the first when all run again. */
const BEHIND_ROUNDS = 5

/** Over all seeds; throws where a promise is broken. */
async function simulated(
  scenarioOf: (seed: number) => Scenario,
): Promise<{ readonly goodput: number; readonly saw: string }> {
  const { signal } = new AbortController()
  const sums = { calm: noGoodput(), struck: noGoodput() }
  const calmOf = (seed: number) => ({ ...scenarioOf(seed), faults: [], healAtMs: 0, limitMs: CALM_SIMULATED_MS })
  const parts = [
    [calmOf, sums.calm],
    [scenarioOf, sums.struck],
  ] as const
  for (const [part, total] of parts) {
    const { failures, failed } = await overSeeds(
      part,
      { from: 1, seeds: SEEDS },
      concrete => {
        const one = noGoodput()
        return {
          event: goodputMeter(concrete, one),
          end() {
            for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += one[name]
          },
        }
      },
      signal,
    )
    if (failed > 0) throw new Error(failures.join('; '))
  }
  const { machines, pipeline } = goodputShare(sums.struck, sums.calm)
  const { faults, rounds, skipped } = sums.struck
  return {
    goodput: machines,
    saw: `${faults / SEEDS} faults, goodput ${percent(machines)} of the machines alive (${percent(pipeline)} of the thinnest stage's); ${rounds / SEEDS} rounds, ${skipped} of ${rounds} skipped; ${SEEDS} seeds`,
  }
}

export const chaosGoodput: LongCheck = {
  name: 'chaos',
  claim: 'in simulation, through 62 faults in 30 minutes, every promise is kept; goodput is told',
  run: async () => (await simulated(() => chaos)).saw,
}

export const killsSimulated: LongCheck = {
  name: 'kills-simulated',
  claim: `in simulation, with a random peer killed every 20 s and restarted 15 s later for ten minutes, goodput is ${percent(GOODPUT)} or more`,
  run: () => enough(simulated(kills)),
}

async function enough(run: ReturnType<typeof simulated>): Promise<string> {
  const { goodput, saw } = await run
  if (goodput < GOODPUT) throw new Error(saw)
  return saw
}

export const killsTenMinutes: LongCheck = {
  name: 'kills-10-minutes',
  claim: `the same with real processes and kill -9: goodput ${percent(GOODPUT)} or more, all certified rounds kept, no double vote, and verify confirms the folders`,
  async run() {
    const scenario = drawScenario(realKillsTenMinutes, 1)
    const endMs = CALM_MS + KILLS.forMs
    const calm = noGoodput()
    const struck = noGoodput()
    const meters = [
      goodputMeter(scenario, calm, { untilMs: CALM_MS }),
      goodputMeter(scenario, struck, { fromMs: CALM_MS, untilMs: endMs }),
    ]
    const newest = new Map<number, number>()
    const { verdict, reached } = await tier2.run(scenario, {
      signal: new AbortController().signal,
      onEvent(event) {
        for (const meter of meters) meter(event)
        noteRound(newest, event)
      },
      until: event => event.atMs > endMs + AFTERWARDS_MS,
    })
    if (verdict.verdict !== 'valid') throw new Error(`${verdict.verdict}: ${verdict.sentence}`)
    const proofs = Object.keys(reached).filter(state => state.startsWith('evidence/'))
    if (proofs.length > 0) throw new Error(`there is evidence: ${proofs.join(', ')}`)
    const behind = Math.max(...newest.values()) - Math.min(...newest.values())
    const { machines, pipeline } = goodputShare(struck, calm)
    const saw = [
      `${struck.faults} kills, ${struck.rounds} rounds (${struck.skipped} skipped), ${calm.rounds} in the calm ${CALM_MS / 1000} s before`,
      `goodput ${percent(machines)} of the machines alive (${percent(pipeline)} of the thinnest stage's)`,
      `at the end all ${newest.size} peers are within ${behind} rounds`,
      `no evidence; verify ends with 0`,
    ].join('; ')
    if (newest.size < scenario.swarm.stages * scenario.swarm.replicas || behind > BEHIND_ROUNDS || machines < GOODPUT)
      throw new Error(saw)
    return saw
  },
}

/** The last round that each peer has. */
function noteRound(newest: Map<number, number>, event: SimEvent): void {
  if (event.type === 'certified' || (event.type === 'synced' && event.round !== undefined))
    newest.set(event.peer, Math.max(newest.get(event.peer) ?? 0, event.round ?? 0))
}
