/** Repeats a pass: again when woken, else when the pass says so. At most one runs at a time; many wake-ups make one pass. */
import type { CancelTimer, Clock } from '../wire/environment.ts'

export class Loop {
  readonly #clock: Clock
  readonly #pass: () => Promise<number>
  #timer: CancelTimer | null = null
  #running = false
  #again = false
  #stopped = false

  /** `pass` resolves to the milliseconds until the next one and must not reject. */
  constructor(clock: Clock, pass: () => Promise<number>) {
    this.#clock = clock
    this.#pass = pass
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.()
  }

  wake(): void {
    if (this.#stopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#timer?.()
    this.#running = true
    void this.#pass().then(waitMs => this.#ended(waitMs))
  }

  #ended(waitMs: number): void {
    this.#running = false
    if (this.#stopped) return
    const nextMs = this.#again ? 0 : waitMs
    this.#again = false
    this.#timer = this.#clock.after(nextMs, () => this.wake())
  }
}
