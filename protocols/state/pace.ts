/** How fast this side asks: a share of its own line for a transfer. Pure. */
export class Pace {
  readonly #bytesPerSecond: number
  #readyMs = Number.NEGATIVE_INFINITY

  /** @param bytesPerSecond - null: as fast as it comes */
  constructor(bytesPerSecond: number | null) {
    this.#bytesPerSecond = bytesPerSecond ?? Number.POSITIVE_INFINITY
  }

  /** From when on the next request may be sent. */
  get readyMs(): number {
    return this.#readyMs
  }

  asked(bytes: number, nowMs: number): void {
    this.#readyMs = Math.max(nowMs, this.#readyMs) + (bytes / this.#bytesPerSecond) * 1000
  }
}
