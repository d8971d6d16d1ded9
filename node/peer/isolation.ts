/** Whether this peer is alone, and when that is worth a warning: peers that start together find each other within seconds. */
import type { Clock } from '../../protocols/wire/environment.ts'

/** Being alone is no news for this long. */
const NEWS_MS = 10_000
/** Between two warnings. */
const AGAIN_MS = 60_000

export class Isolation {
  readonly #clock: Clock
  readonly #warn: (message: string) => void
  #sinceMs: number | null = null
  #warnedMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, warn: (message: string) => void) {
    this.#clock = clock
    this.#warn = warn
  }

  /** Nobody answered a dial. */
  failed(attempts: number, lastError: string): void {
    const nowMs = this.#clock.nowMs()
    this.#sinceMs ??= nowMs
    const aloneMs = nowMs - this.#sinceMs
    if (aloneMs < NEWS_MS || nowMs - this.#warnedMs < AGAIN_MS) return
    this.#warnedMs = nowMs
    const seconds = Math.round(aloneMs / 1000)
    this.#warn(`no peer answers for ${seconds} s (${attempts} attempts): ${lastError}`)
  }

  connected(): void {
    this.#sinceMs = null
    this.#warnedMs = Number.NEGATIVE_INFINITY
  }
}
