import type { CancelTimer, Clock } from '../../protocols/wire/environment.ts'

/** Named timers of a machine: setting one replaces the timer of the same name. */
export class Timers {
  readonly #clock: Clock
  readonly #fire: (name: string) => void
  readonly #pending = new Map<string, CancelTimer>()

  constructor(clock: Clock, fire: (name: string) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  set(name: string, delayMs: number): void {
    this.cancel(name)
    this.#pending.set(
      name,
      this.#clock.after(delayMs, () => {
        this.#pending.delete(name)
        this.#fire(name)
      }),
    )
  }

  cancel(name: string): void {
    this.#pending.get(name)?.()
    this.#pending.delete(name)
  }

  clear(): void {
    for (const cancel of this.#pending.values()) cancel()
    this.#pending.clear()
  }
}
