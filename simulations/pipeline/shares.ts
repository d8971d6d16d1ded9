/** Where the time of a round goes, peer by peer: a pure reading of intervals. */

export interface Interval {
  readonly fromMs: number
  readonly toMs: number
}

/** One peer's part in one round. */
export interface RoundOfPeer extends Interval {
  readonly peer: number
  readonly round: number
  /** When it signed COMMIT or IDLE: before, it works; after, the stage reduces and agrees. */
  readonly committedMs: number
}

/** The four add up to the round. */
export interface TimeShares {
  readonly computeMs: number
  /** Not computing, while a tensor is on its way to it. */
  readonly transferMs: number
  /** Neither, before its last computation of the round: the pipeline fills, or another stage is late. */
  readonly bubbleMs: number
  /** Neither, after its last computation and before it commits. */
  readonly idleMs: number
  /** From its commitment to the next round. */
  readonly reduceMs: number
}

export function timeShares(
  { fromMs, toMs, committedMs }: Omit<RoundOfPeer, 'peer' | 'round'>,
  computing: readonly Interval[],
  arriving: readonly Interval[],
): TimeShares {
  const work = { fromMs, toMs: committedMs }
  const busy = union(computing.flatMap(one => within(one, work)))
  const computeMs = lengthOf(busy)
  const either = lengthOf(union([...busy, ...arriving.flatMap(one => within(one, work))]))
  const lastMs = busy.at(-1)?.toMs ?? fromMs
  const tail = { fromMs: lastMs, toMs: committedMs }
  const tailArriving = lengthOf(union(arriving.flatMap(one => within(one, tail))))
  const idleMs = committedMs - lastMs - tailArriving
  return {
    computeMs,
    transferMs: either - computeMs,
    bubbleMs: committedMs - fromMs - either - idleMs,
    idleMs,
    reduceMs: toMs - committedMs,
  }
}

export function sumShares(all: readonly TimeShares[]): TimeShares {
  const sum = (of: (shares: TimeShares) => number) => all.reduce((total, shares) => total + of(shares), 0)
  return {
    computeMs: sum(one => one.computeMs),
    transferMs: sum(one => one.transferMs),
    bubbleMs: sum(one => one.bubbleMs),
    idleMs: sum(one => one.idleMs),
    reduceMs: sum(one => one.reduceMs),
  }
}

/** Sorted and apart. */
export function union(intervals: readonly Interval[]): Interval[] {
  const merged: { fromMs: number; toMs: number }[] = []
  for (const { fromMs, toMs } of [...intervals].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = merged.at(-1)
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs)
    else merged.push({ fromMs, toMs })
  }
  return merged
}

function within({ fromMs, toMs }: Interval, bounds: Interval): Interval[] {
  const cut = { fromMs: Math.max(fromMs, bounds.fromMs), toMs: Math.min(toMs, bounds.toMs) }
  return cut.toMs > cut.fromMs ? [cut] : []
}

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((total, { fromMs, toMs }) => total + toMs - fromMs, 0)
}
