/** Counts in which view rounds are decided, and how many of their seats were away then. */
import { faultsOf } from '../../node/run/defaults.ts'
import type { ConcreteScenario } from '../scenario/types.ts'
import type { SimEvent } from '../trace/types.ts'

/** Of all rounds of all stages. */
export interface FirstViews {
  /** Rounds that were decided; where peers are drawn to be away, of those that they were drawn for. */
  rounds: number
  /** Decided in one of the views 0 to f, with those away who were drawn first. */
  first: number
  skipped: number
  /** Rounds for which no more than f were drawn at first: the bound. */
  few: number
  /**
   * The other rounds, and those of them that were decided at most f + 1 views after the one that they were in when no more than f were
   * away, because fewer were drawn or the fault was over, and n - f had committed; skipped: after view f, before which nobody may skip.
   * Also those that were decided while more than f were away, as others were away before.
   */
  many: number
  manyInTime: number
  /** Rounds decided in each view. */
  readonly views: Record<number, number>
}

export function noFirstViews(): FirstViews {
  return { rounds: 0, first: 0, skipped: 0, few: 0, many: 0, manyInTime: 0, views: {} }
}

interface RoundSeen {
  draws: number
  /** No more than f were drawn at first. */
  isFew: boolean
  /** Highest view when no more than f were away; null until then. */
  viewThen: number | null
  view: number
  readonly authors: Set<number>
  /** The view in which the n - f-th commitment was signed: before, nobody can propose anything but to skip. */
  viewOfEnough: number
  isDecided: boolean
}

/** Adds one run's rounds to `sums`. */
export function firstViewsMeter(scenario: ConcreteScenario, sums: FirstViews): (event: SimEvent) => void {
  const faults = faultsOf(scenario.swarm.replicas)
  const isDrawn = scenario.faults.some(({ kind }) => kind === 'absent')
  const seen = new Map<string, RoundSeen>()
  const roundOf = (stage: number, round: number): RoundSeen => {
    const key = `${stage}/${round}`
    const known = seen.get(key) ?? {
      ...{ draws: 0, isFew: false, viewThen: null, view: 0, viewOfEnough: 0, isDecided: false },
      authors: new Set<number>(),
    }
    seen.set(key, known)
    return known
  }
  return event => {
    if (event.type === 'absent') {
      const round = roundOf(event.stage, event.round)
      round.draws++
      if (event.peers.length > faults) return
      round.viewThen = round.view
      round.isFew = round.draws === 1
      return
    }
    if (event.type === 'healed' && event.kind === 'absent') {
      for (const round of seen.values()) if (!round.isDecided) round.viewThen ??= round.view
      return
    }
    if (event.type === 'view') {
      const round = roundOf(event.stage, event.round)
      round.view = Math.max(round.view, event.view ?? 0)
      return
    }
    if (event.type === 'signed' && event.kind === 'commit') {
      const round = roundOf(event.stage, event.round)
      if (round.authors.add(event.peer).size === scenario.swarm.replicas - faults) round.viewOfEnough = round.view
      return
    }
    if (event.type !== 'decided') return
    const round = roundOf(event.stage, event.round)
    if (round.isDecided || (isDrawn && round.draws === 0)) return
    round.isDecided = true
    const { view, skip } = event
    sums.rounds++
    sums.views[view] = (sums.views[view] ?? 0) + 1
    if (skip) sums.skipped++
    const isFew = !isDrawn || round.isFew
    if (isFew) sums.few++
    if (isFew && view <= faults) sums.first++
    if (isFew) return
    sums.many++
    const before = Math.max(round.viewThen ?? 0, skip ? faults : round.viewOfEnough)
    if (round.viewThen === null || view <= before + faults + 1) sums.manyInTime++
  }
}

/** P(at most f of n are away), each with this probability. */
export function probabilityOfFew(seats: number, share: number): number {
  let sum = 0
  for (let away = 0; away <= faultsOf(seats); away++)
    sum += choose(seats, away) * share ** away * (1 - share) ** (seats - away)
  return sum
}

function choose(of: number, count: number): number {
  let ways = 1
  for (let one = 1; one <= count; one++) ways = (ways * (of - count + one)) / one
  return ways
}
