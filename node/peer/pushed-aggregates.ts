/**
 * Aggregates that a candidate is probably sending already: pulling one at the moment its hash is known would fetch most of
 * them twice. So a pull waits for the push, as long as pushes come, and a push that comes after all ends the pull.
 */
import type { AggregateName } from '../../protocols/reduce/headers.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import { hashHex } from '../../protocols/wire/hash.ts'

/** Several times what a push takes on a local network, and little beside a round. */
const LEAST_PATIENCE_MS = 150
/** Of the time after which the next candidate of a partition takes over: on slow links a push takes longer. */
const PATIENCE_SHARE = 0.1

/** How long no push may come before one is pulled. */
export function pushPatienceMs(reduceMs: number): number {
  return Math.max(LEAST_PATIENCE_MS, reduceMs * PATIENCE_SHARE)
}

export class PushedAggregates {
  readonly #clock: Clock
  readonly #patienceMs: number
  readonly #waiting = new Map<string, Set<() => void>>()
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, patienceMs: number) {
    this.#clock = clock
    this.#patienceMs = patienceMs
  }

  /** The bytes of this aggregate have arrived. */
  arrived(name: AggregateName): void {
    this.#lastMs = this.#clock.nowMs()
    const key = keyOf(name)
    for (const resolve of this.#waiting.get(key) ?? []) resolve()
  }

  /** Resolves when the aggregate arrives, no aggregate has arrived for the patience, or the signal fires. */
  wait(name: AggregateName, signal: AbortSignal): Promise<void> {
    const sinceMs = this.#clock.nowMs()
    const over = new AbortController()
    let cancel = () => {}
    const look = (): void => {
      const leftMs = Math.max(sinceMs, this.#lastMs) + this.#patienceMs - this.#clock.nowMs()
      if (leftMs > 0) cancel = this.#clock.after(leftMs, look)
      else over.abort()
    }
    look()
    return this.arrival(name, AbortSignal.any([signal, over.signal])).then(() => cancel())
  }

  /** Resolves to true when the aggregate arrives, to false when the signal fires. */
  arrival(name: AggregateName, signal: AbortSignal): Promise<boolean> {
    const key = keyOf(name)
    return new Promise(resolve => {
      const waiters = this.#waiting.get(key) ?? new Set()
      this.#waiting.set(key, waiters)
      const end = (has: boolean): void => {
        signal.removeEventListener('abort', onAbort)
        waiters.delete(onArrival)
        if (waiters.size === 0) this.#waiting.delete(key)
        resolve(has)
      }
      const onArrival = () => end(true)
      const onAbort = () => end(false)
      waiters.add(onArrival)
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
    })
  }
}

function keyOf({ value, partition, hash }: AggregateName): string {
  return `${hashHex(value)}/${partition}/${hashHex(hash)}`
}
