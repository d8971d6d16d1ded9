/**
 * Certified work beside the capacity that was alive, which is the share of all machines. A pipeline is as fast as its thinnest stage, so the
 * least share of seats that any stage has is told too.
 */
import type { ConcreteScenario } from '../scenario/types.ts'
import type { SimEvent } from '../trace/types.ts'

export interface Goodput {
  /** Micro-batches that were certified in every stage, of each round as many as it is to have: more is slack, not asked for. */
  microBatches: number
  /** Until the last of them was certified. */
  elapsedMs: number
  /** Elapsed time, weighed with the share of seats alive in the thinnest stage, and in the whole swarm. */
  pipelineMs: number
  machinesMs: number
  faults: number
  rounds: number
  skipped: number
}

/** Kinds of faults that take a machine away while they last. */
const AWAY: ReadonlySet<string> = new Set(['crash', 'pause', 'partition', 'leave', 'region-failure', 'restart-torn'])

/** Reads one run, or a part of it. */
export function goodputMeter(
  { swarm, workload }: Pick<ConcreteScenario, 'swarm' | 'workload'>,
  sums: Goodput,
  { fromMs = 0, untilMs = Number.POSITIVE_INFINITY }: { readonly fromMs?: number; readonly untilMs?: number } = {},
): (event: SimEvent) => void {
  const { stages, replicas } = swarm
  const away = new Map<number, number>()
  const certified = new Map<string, number>()
  let nowMs = fromMs
  let pipelineMs = 0
  let machinesMs = 0
  const pass = (atMs: number): void => {
    const lost = Array.from({ length: stages }, () => 0)
    for (const [peer, times] of away) if (times > 0) lost[peer % stages] = (lost[peer % stages] ?? 0) + 1
    const shares = lost.map(gone => 1 - gone / replicas)
    pipelineMs += (atMs - nowMs) * Math.min(...shares)
    machinesMs += ((atMs - nowMs) * shares.reduce((sum, share) => sum + share, 0)) / stages
    nowMs = atMs
  }
  return event => {
    if (event.atMs < fromMs || event.atMs > untilMs) return
    if ((event.type === 'fault' || event.type === 'healed') && AWAY.has(event.kind)) {
      pass(event.atMs)
      for (const peer of event.peers) away.set(peer, (away.get(peer) ?? 0) + (event.type === 'fault' ? 1 : -1))
      if (event.type === 'fault') sums.faults++
    }
    if (event.type !== 'certified') return
    const key = `${event.stage}/${event.round}`
    if (certified.has(key)) return
    const count = event.sealed.reduce((sum, one) => sum + one.count, 0)
    certified.set(key, count)
    const ofRound = Array.from({ length: stages }, (_, stage) => certified.get(`${stage}/${event.round}`))
    if (!ofRound.every(known => known !== undefined)) return
    pass(event.atMs)
    sums.rounds++
    if (ofRound.includes(0)) sums.skipped++
    sums.microBatches += Math.min(workload.target, ...ofRound)
    Object.assign(sums, { elapsedMs: nowMs - fromMs, pipelineMs, machinesMs })
  }
}

export function noGoodput(): Goodput {
  return { microBatches: 0, elapsedMs: 0, pipelineMs: 0, machinesMs: 0, faults: 0, rounds: 0, skipped: 0 }
}

/** Work a unit of living capacity in one run, over the same in a run where nobody was away. */
export function goodputShare(run: Goodput, calm: Goodput): { readonly pipeline: number; readonly machines: number } {
  const usual = calm.microBatches / calm.elapsedMs
  return {
    pipeline: run.microBatches / run.pipelineMs / usual,
    machines: run.microBatches / run.machinesMs / usual,
  }
}
