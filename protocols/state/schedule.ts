/**
 * Which item is asked of which source next, in a transfer from several: pure, the caller has the clock and asks. Sources
 * take an item when they have given one, so the work follows their speed; a source that has not given anything yet has one
 * request, so a liar costs one item; near the end, what a slow or silent source still owes is asked of others too.
 */
import type { PeerName } from '../wire/messages.ts'
import {
  BUSY_PER_SOURCE,
  FAILURES_PER_SOURCE,
  FAST_ANSWER_MS,
  MAX_PAUSE_MS,
  OPEN_REQUESTS_AT_FIRST,
  OPEN_REQUESTS_AT_MOST,
  PARALLEL_REQUESTS,
  PATIENCE_MS,
  RETRY_MS,
  SLOW_ANSWER_MS,
  SOURCES_AT_A_TIME,
} from './constants.ts'

export interface Order {
  readonly source: PeerName
  readonly item: number
}

/** What a failure says of its source: it lied or will not give, it did not answer, or it has no room now. */
export type Failure = 'left' | 'silent' | 'busy'

interface Source {
  readonly name: PeerName
  /** Items asked for and when, the oldest first. */
  readonly open: Map<number, number>
  /** Requests that it may have open. */
  window: number
  /** Milliseconds an item, smoothed; null before its first. */
  serviceMs: number | null
  /** When it last gave one. */
  progressMs: number
  /** In a row. */
  failures: number
  busy: number
  latestFailureMs: number
  pausedUntilMs: number
  isLeft: boolean
}

/** Weight of the newest measurement. */
const SMOOTHING = 0.3

export class Schedule {
  readonly #sources: readonly Source[]
  /** Asked of nobody; the next one last. */
  readonly #waiting: number[]
  /** Given and checked. */
  readonly #given = new Set<number>()
  /** Given, checked and put away; until then their requests count as open, so a slow sink slows the sources. */
  #stored = 0
  readonly #items: number
  /** Requests that may be open, all sources together. */
  #room = OPEN_REQUESTS_AT_FIRST

  /** @param items - the missing ones, in the order in which they are to be asked for */
  constructor(items: readonly number[], sources: readonly PeerName[]) {
    this.#items = items.length
    this.#waiting = items.toReversed()
    this.#sources = [...new Set(sources)].map(name => ({
      name,
      open: new Map(),
      window: 1,
      serviceMs: null,
      progressMs: Number.NEGATIVE_INFINITY,
      failures: 0,
      busy: 0,
      latestFailureMs: Number.NEGATIVE_INFINITY,
      pausedUntilMs: Number.NEGATIVE_INFINITY,
      isLeft: false,
    }))
  }

  get isDone(): boolean {
    return this.#stored === this.#items
  }

  /** Nobody is left to ask. */
  get isStuck(): boolean {
    return !this.isDone && this.#given.size < this.#items && this.#sources.every(source => source.isLeft)
  }

  /** Sources that have given something and are not left. */
  get giving(): number {
    return this.#sources.filter(source => source.serviceMs !== null && !source.isLeft).length
  }

  isGiven(item: number): boolean {
    return this.#given.has(item)
  }

  /** What to ask now; null where nothing is to be asked before something happens, or {@link wakeMs}. */
  next(nowMs: number): Order | null {
    const open = this.#sources.reduce((sum, source) => sum + source.open.size, 0)
    const late = this.#sources.reduce((sum, source) => sum + (isLate(source, nowMs) ? source.open.size : 0), 0)
    // What is late may never come: others are asked meanwhile, but not without end.
    if (open - Math.min(late, this.#room) >= this.#room) return null
    for (const source of this.#ready(nowMs)) {
      const item = this.#waiting.pop() ?? this.#owedByOthers(source, nowMs)
      if (item === null) continue
      source.open.set(item, nowMs)
      return { source: source.name, item }
    }
    return null
  }

  /** When `next` may answer otherwise without anything having happened; null: never. */
  wakeMs(nowMs: number): number | null {
    const times = this.#sources.flatMap(source => [
      ...(source.isLeft ? [] : [source.pausedUntilMs]),
      ...(source.open.size === 0
        ? []
        : [lateMs(source), ...[...source.open.keys()].map(item => overdueMs(source, item))]),
    ])
    const future = times.filter(time => time > nowMs)
    return future.length === 0 ? null : Math.min(...future)
  }

  /** An item came and is what it has to be. Returns the requests that are no longer needed. */
  gave({ source: name, item }: Order, nowMs: number): Order[] {
    const source = this.#of(name)
    const startedMs = source.open.get(item) ?? nowMs
    this.#given.add(item)
    this.#measure(source, nowMs - startedMs, nowMs - Math.max(startedMs, source.progressMs))
    source.progressMs = nowMs
    source.failures = source.busy = 0
    const others = this.#sources.filter(other => other !== source && other.open.delete(item))
    return others.map(other => ({ source: other.name, item }))
  }

  /** It is put away: its request is over. */
  stored({ source, item }: Order): void {
    this.#of(source).open.delete(item)
    this.#stored++
  }

  /** Returns the requests that are no longer worth waiting for. */
  failed({ source: name, item }: Order, failure: Failure, nowMs: number): Order[] {
    const source = this.#of(name)
    const startedMs = source.open.get(item)
    if (startedMs === undefined || source.isLeft) return []
    this.#release(source, item)
    if (failure === 'left') return this.#leave(source)
    // Requests that were under way side by side fail together: that is one failure, not many.
    if (startedMs < source.latestFailureMs) return []
    source.latestFailureMs = nowMs
    this.#room = Math.max(1, Math.floor(this.#room / 2))
    source.window = failure === 'busy' ? Math.max(1, Math.floor(source.window / 2)) : 1
    const count = failure === 'busy' ? ++source.busy : ++source.failures
    source.pausedUntilMs = nowMs + Math.min(MAX_PAUSE_MS, RETRY_MS * 2 ** (count - 1))
    return count >= (failure === 'busy' ? BUSY_PER_SOURCE : FAILURES_PER_SOURCE) ? this.#leave(source) : []
  }

  #of(name: PeerName): Source {
    const source = this.#sources.find(one => one.name === name)
    if (source === undefined) throw new RangeError(`${name} is no source`)
    return source
  }

  #leave(source: Source): Order[] {
    source.isLeft = true
    const orders = [...source.open.keys()]
      .filter(item => !this.#given.has(item))
      .map(item => ({ source: source.name, item }))
    for (const { item } of orders) this.#release(source, item)
    return orders
  }

  /** Somebody else is asked for it, unless others are already. */
  #release(source: Source, item: number): void {
    source.open.delete(item)
    if (!this.#given.has(item) && !this.#sources.some(other => other.open.has(item))) this.#waiting.push(item)
  }

  /** Sources that may be asked now: untried ones first, since each is asked once, then the fastest. */
  #ready(nowMs: number): Source[] {
    return this.#sources
      .filter(source => !source.isLeft && source.pausedUntilMs <= nowMs)
      .toSorted((a, b) => troubles(a, nowMs) - troubles(b, nowMs))
      .slice(0, SOURCES_AT_A_TIME)
      .filter(source => source.open.size < source.window)
      .toSorted((a, b) => (a.serviceMs ?? 0) - (b.serviceMs ?? 0))
  }

  /** The item that would come last, if this source would bring it sooner. */
  #owedByOthers(thief: Source, nowMs: number): number | null {
    const dueMs = new Map<number, number>()
    for (const source of this.#sources) {
      for (const item of source.open.keys()) {
        if (this.#given.has(item) || thief.open.has(item)) continue
        dueMs.set(item, Math.min(dueMs.get(item) ?? Number.POSITIVE_INFINITY, expectedMs(source, item, nowMs)))
      }
    }
    const [worst] = [...dueMs].sort(([, a], [, b]) => (a === b ? 0 : b - a))
    const ownMs = nowMs + (thief.open.size + 1) * (thief.serviceMs ?? PATIENCE_MS)
    return worst !== undefined && worst[1] > ownMs ? worst[0] : null
  }

  #measure(source: Source, answerMs: number, serviceMs: number): void {
    source.serviceMs =
      source.serviceMs === null ? serviceMs : source.serviceMs + SMOOTHING * (serviceMs - source.serviceMs)
    // More at a time only while that does not make them wait: the bottleneck may be this side.
    const step = answerMs < FAST_ANSWER_MS ? 1 : answerMs > SLOW_ANSWER_MS ? -1 : 0
    source.window = Math.min(PARALLEL_REQUESTS, Math.max(1, source.window + step))
    this.#room = Math.min(OPEN_REQUESTS_AT_MOST, Math.max(1, this.#room + step))
  }
}

function busySinceMs({ open, progressMs }: Source): number {
  return Math.max(progressMs, Math.min(...open.values()))
}

/** After it the source has given nothing for so long that it is not waited for. */
function lateMs(source: Source): number {
  return busySinceMs(source) + PATIENCE_MS + 2 * (source.serviceMs ?? 0)
}

function isLate(source: Source, nowMs: number): boolean {
  return source.open.size > 0 && lateMs(source) <= nowMs
}

function troubles(source: Source, nowMs: number): number {
  return source.failures + (isLate(source, nowMs) ? 1 : 0)
}

/** When the item is due by the source's pace. */
function dueAtMs(source: Source, item: number): number {
  const rank = [...source.open.keys()].indexOf(item) + 1
  return busySinceMs(source) + rank * (source.serviceMs ?? PATIENCE_MS)
}

/** After it the pace says nothing any more. */
function overdueMs(source: Source, item: number): number {
  return dueAtMs(source, item) + (source.serviceMs ?? 0)
}

function expectedMs(source: Source, item: number, nowMs: number): number {
  return overdueMs(source, item) <= nowMs ? Number.POSITIVE_INFINITY : Math.max(nowMs, dueAtMs(source, item))
}
