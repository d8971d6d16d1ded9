/** Exponential back-off with jitter, a key. */
import type { Clock, Random } from '../wire/environment.ts'
import { RETRY_FIRST_MS, RETRY_MAX_MS } from './constants.ts'

interface Tries {
  readonly count: number
  readonly dueMs: number
  readonly lastMs: number
}

export class Retries {
  readonly #clock: Clock
  readonly #random: Random
  readonly #steadyMs: number
  readonly #tried = new Map<string, Tries>()

  /** @param steadyMs - a key that is not needed is remembered for so long after its last try: it may be needed again at once */
  constructor(clock: Clock, random: Random, steadyMs = 0) {
    this.#clock = clock
    this.#random = random
    this.#steadyMs = steadyMs
  }

  /** True where the key was never tried, or its wait is over. */
  isDue(key: string): boolean {
    return this.#dueMs(key) <= this.#clock.nowMs()
  }

  /** Counts a try; the next is due after twice the wait of the last. */
  tried(key: string): void {
    const count = (this.#tried.get(key)?.count ?? 0) + 1
    const fullMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(count - 1, 16))
    const nowMs = this.#clock.nowMs()
    this.#tried.set(key, { count, dueMs: nowMs + fullMs * (0.5 + this.#random() / 2), lastMs: nowMs })
  }

  /** Starts anew with the shortest wait. */
  forget(key: string): void {
    this.#tried.delete(key)
  }

  /** Makes a key that was never tried wait. */
  delay(key: string, delayMs: number): void {
    const dueMs = this.#clock.nowMs() + delayMs
    if (!this.#tried.has(key)) this.#tried.set(key, { count: 0, dueMs, lastMs: Number.NEGATIVE_INFINITY })
  }

  /** Forgets all keys but these, and those tried a moment ago; a forgotten key that is needed again starts anew. */
  keepOnly(keys: ReadonlySet<string>): void {
    const sinceMs = this.#clock.nowMs() - this.#steadyMs
    for (const [key, { lastMs }] of this.#tried) if (!keys.has(key) && lastMs <= sinceMs) this.#tried.delete(key)
  }

  /** Milliseconds until the first of the keys is due; `otherwise` where there are none. */
  waitMs(keys: Iterable<string>, otherwise: number): number {
    const nowMs = this.#clock.nowMs()
    let wait = otherwise
    for (const key of keys) wait = Math.min(wait, Math.max(0, this.#dueMs(key) - nowMs))
    return wait
  }

  #dueMs(key: string): number {
    return this.#tried.get(key)?.dueMs ?? Number.NEGATIVE_INFINITY
  }
}
