/**
 * How long a source works on a micro-batch, as the hop behind it sees it. A source computes whenever it has something to
 * compute: it is idle only while all that it has in flight is with others. So the time counts during which the hop holds
 * fewer of its micro-batches than it has in flight, over what was computed in it. Pure.
 */

export interface SourceWatch {
  /** Milliseconds with so many micro-batches held: index 0 for none. Of intervals that count. */
  readonly countedMs: readonly number[]
  /** The same since the last forward. */
  readonly sinceMs: readonly number[]
  readonly held: number
  readonly atMs: number
  /** Gradients given since the first forward, and how many of them before the last one. */
  readonly given: number
  readonly givenBefore: number
  readonly sequence: number
  readonly settled: number
  /** Forwards computed in the intervals that count, a backward for {@link BACKWARDS}. */
  readonly computed: number
}

/** A backward computes the forward anew, and then twice as much. */
const BACKWARDS = 3

/** A source has at least so many in flight, unless nothing came home (window.ts). */
const IN_FLIGHT = 2

export interface Arrival {
  /** Micro-batches of the source that are held now, with this one. */
  readonly held: number
  readonly sequence: number
  /** The source has settled all below. */
  readonly settledBelow: number
  readonly nowMs: number
  /** It came at some time before. */
  readonly wasParked: boolean
}

/** @param watch - null before the round's first forward */
export function sourceArrived(
  watch: SourceWatch | null,
  { held, sequence, settledBelow, nowMs, wasParked }: Arrival,
): SourceWatch {
  const settled = Math.min(settledBelow, watch?.given ?? 0)
  const begun = { sinceMs: [], held, atMs: nowMs, sequence, settled, givenBefore: watch?.given ?? 0 }
  if (watch === null) return { ...begun, countedMs: [], given: 0, computed: 0 }
  // Where one went elsewhere meanwhile, or it gave one up that is still here, nobody knows what else it waited for.
  const isMore = held > IN_FLIGHT && watch.given === watch.givenBefore
  if (wasParked || isMore || sequence !== watch.sequence + 1) return { ...watch, ...begun }
  const counted = plus(watch.countedMs, elapsed(watch, nowMs).sinceMs)
  const computed = watch.computed + 1 + BACKWARDS * Math.max(0, settled - watch.settled)
  return { ...watch, ...begun, countedMs: counted, computed }
}

/** One went elsewhere: what the source waits for is not seen until the next forward. */
export function sourceLost(watch: SourceWatch): SourceWatch {
  return { ...watch, sequence: Number.NEGATIVE_INFINITY }
}

export function sourceGiven(watch: SourceWatch, held: number, nowMs: number): SourceWatch {
  return { ...elapsed(watch, nowMs), held, given: watch.given + 1 }
}

/** Milliseconds of one micro-batch, forward and backward; null where nothing counted. */
export function sourceMs({ countedMs, computed }: SourceWatch): number | null {
  if (computed === 0) return null
  const inFlight = Math.max(IN_FLIGHT, countedMs.length - 1)
  const workedMs = countedMs.slice(0, inFlight).reduce((sum, ms) => sum + ms, 0)
  return (workedMs / computed) * (1 + BACKWARDS)
}

function elapsed(watch: SourceWatch, nowMs: number): SourceWatch {
  const sinceMs = [...watch.sinceMs]
  for (let level = sinceMs.length; level <= watch.held; level++) sinceMs.push(0)
  sinceMs[watch.held]! += nowMs - watch.atMs
  return { ...watch, sinceMs, atMs: nowMs }
}

function plus(one: readonly number[], other: readonly number[]): readonly number[] {
  const length = Math.max(one.length, other.length)
  return Array.from({ length }, (_, index) => (one[index] ?? 0) + (other[index] ?? 0))
}
