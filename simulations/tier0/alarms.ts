import type { Alarm } from '../kernel/timeline.ts'

/**
 * The timers of one machine, by name. Deadlines of a round are minutes, in which a big swarm goes through several rounds: one
 * that is cancelled, or of a round that is over, keeps nothing of it alive until its time comes.
 */
export class NamedAlarms {
  readonly #set = new Map<string, Alarm>()
  readonly #alarm: (delayMs: number, run: () => void) => Alarm
  readonly #due: (name: string) => void

  /**
   * @param alarm - sets one in the process that the machine is of
   * @param due - is told the name of each that rings
   */
  constructor(alarm: (delayMs: number, run: () => void) => Alarm, due: (name: string) => void) {
    this.#alarm = alarm
    this.#due = due
  }

  /** Replaces one of this name. */
  set(name: string, delayMs: number): void {
    this.#set.get(name)?.cancel()
    const alarm = this.#alarm(delayMs, () => {
      // A process that hangs hears of it later, when it may be cancelled.
      if (this.#set.get(name) !== alarm) return
      this.#set.delete(name)
      this.#due(name)
    })
    this.#set.set(name, alarm)
  }

  cancel(name: string): void {
    this.#set.get(name)?.cancel()
    this.#set.delete(name)
  }

  clear(): void {
    for (const alarm of this.#set.values()) alarm.cancel()
    this.#set.clear()
  }
}
