/** Whether a replica's work of a round is enough to be committed, and which of its accumulators. Pure. */
import type { Accumulated } from '../../consensus/routing/index.ts'
import type { TraceEntry } from '../../protocols/wire/messages.ts'

export interface CommitBounds {
  readonly countMin: number
  readonly countMax: number
  /**
   * Work of other lanes is committed only once gradients can be clipped (the head gets none): before, one liar would enter
   * the momentum of every replica that it is re-routed to.
   */
  readonly trustsOffLane: boolean
}

export interface CommitChoice {
  readonly withOffLane: boolean
  readonly count: number
  readonly lossSumMicronats: number
  readonly trace: readonly TraceEntry[]
}

/** Null: IDLE. One micro-batch has many times the variance of eight, so a thin gradient would be an outlier, and a free ride. */
export function chooseCommit(
  { lane, offLane }: { readonly lane: Accumulated; readonly offLane: Accumulated },
  { countMin, countMax, trustsOffLane }: CommitBounds,
): CommitChoice | null {
  const withOffLane = trustsOffLane && lane.count < countMin && lane.count + offLane.count >= countMin
  const count = withOffLane ? lane.count + offLane.count : lane.count
  if (count < countMin || count > countMax) return null
  return {
    withOffLane,
    count,
    lossSumMicronats: lane.lossSumMicronats + (withOffLane ? offLane.lossSumMicronats : 0),
    trace: withOffLane ? [...lane.trace, ...offLane.trace] : lane.trace,
  }
}
