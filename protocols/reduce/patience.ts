/**
 * How long a holder may be silent before the next one is asked beside it: it may hang, or be cut off, though its connection stands.
 * It follows what pulls took, so that slow links do not carry everything twice.
 */

/** Shares of the time of one transfer: before anything was measured, and the bounds. */
const FIRST_SHARE = 1 / 4
const LEAST_SHARE = 1 / 10
const MOST_SHARE = 1 / 2

/** Times the slowest of the last pulls: they share their links with others. */
const FACTOR = 1.5
const PULLS_REMEMBERED = 16

export class PullPatience {
  readonly #timeoutMs: number
  readonly #tookMs: number[] = []

  /** @param timeoutMs - of one transfer */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** A pull has brought what was asked for, so long after it was sent. */
  note(tookMs: number): void {
    this.#tookMs.push(tookMs)
    if (this.#tookMs.length > PULLS_REMEMBERED) this.#tookMs.shift()
  }

  get ms(): number {
    if (this.#tookMs.length === 0) return FIRST_SHARE * this.#timeoutMs
    const ms = FACTOR * Math.max(...this.#tookMs)
    return Math.min(Math.max(ms, LEAST_SHARE * this.#timeoutMs), MOST_SHARE * this.#timeoutMs)
  }
}
