/**
 * What is to happen later, unless it is cancelled. The timeline keeps an entry until its time comes, and deadlines of a round
 * are minutes, in which a big swarm goes through several: a cancelled alarm keeps nothing else alive until then.
 */

export class Alarm {
  #run: (() => void) | null

  constructor(run: () => void) {
    this.#run = run
  }

  ring(): void {
    const run = this.#run
    this.#run = null
    run?.()
  }

  cancel(): void {
    this.#run = null
  }
}

/** The alarms of one machine, by name. */
export class NamedAlarms {
  readonly #set = new Map<string, Alarm>()
  readonly #alarm: (delayMs: number, run: () => void) => Alarm

  constructor(alarm: (delayMs: number, run: () => void) => Alarm) {
    this.#alarm = alarm
  }

  /** Replaces one of this name. */
  set(name: string, delayMs: number, run: () => void): void {
    this.#set.get(name)?.cancel()
    const alarm = this.#alarm(delayMs, () => {
      this.#set.delete(name)
      run()
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
