/**
 * A peer's process inside this one. Whatever runs for a peer runs in its asynchronous context, so its timers, its clock and
 * its chance can be told from another peer's: a killed process never runs again, a stopped one (SIGSTOP) runs later.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Random } from '../../protocols/wire/environment.ts'
import type { Cancel, Owner, VirtualTime } from './virtual-time.ts'

/** Wall clock at virtual time 0: 2026-01-01. */
const EPOCH_MS = Date.UTC(2026, 0, 1)

/** As Node's timers have it. */
const SHORTEST_TIMER_MS = 1

const contexts = new AsyncLocalStorage<SimProcess>()

/** The simulated process that this code runs for; undefined outside of any. */
export function currentProcess(): SimProcess | undefined {
  return contexts.getStore()
}

/** The clock of a machine: it outlives the processes, and may run at another rate or jump. */
export class MachineClock {
  readonly #time: VirtualTime
  #rate = 1
  #offsetMs = 0

  constructor(time: VirtualTime) {
    this.#time = time
  }

  /** What it shows, ms. */
  get nowMs(): number {
    return this.#time.nowMs * this.#rate + this.#offsetMs
  }

  /** Its milliseconds in a true one. It goes on from what it shows. */
  get rate(): number {
    return this.#rate
  }

  set rate(rate: number) {
    const shownMs = this.nowMs
    this.#rate = rate
    this.#offsetMs += shownMs - this.nowMs
  }

  jump(ms: number): void {
    this.#offsetMs += ms
  }
}

export class SimProcess implements Owner {
  readonly time: VirtualTime
  readonly machine: MachineClock
  /** Stands for all randomness of the process. */
  readonly random: Random
  #state: 'running' | 'paused' | 'dead' = 'running'
  #held: (() => void)[] = []
  /** Made once: entering a context by `run` copies it each time. */
  readonly #enter: <Result>(work: () => Result) => Result

  constructor(time: VirtualTime, machine: MachineClock, random: Random) {
    this.time = time
    this.machine = machine
    this.random = random
    this.#enter = contexts.run(this, () => AsyncLocalStorage.snapshot())
  }

  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  /** As the process's machine sees it: whole ms since 1970. */
  get wallMs(): number {
    return Math.floor(EPOCH_MS + this.machine.nowMs)
  }

  /** Time as composePeer is handed it. */
  get clock(): Clock {
    return {
      nowMs: () => this.machine.nowMs,
      after: (delayMs, callback) => this.after(delayMs, callback),
    }
  }

  /** A timer of the process, by its machine's clock. */
  after(delayMs: number, callback: () => void): Cancel {
    return this.time.after(Math.max(SHORTEST_TIMER_MS, delayMs) / this.machine.rate, callback, this)
  }

  /** Runs code of the process. */
  run<Result>(work: () => Result): Result {
    return this.#enter(work)
  }

  fire(callback: () => void): void {
    if (this.#state === 'dead') return
    if (this.#state === 'paused') this.#held.push(callback)
    else this.run(callback)
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused'
  }

  /** What came due meanwhile runs now, in order. */
  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    const held = this.#held
    this.#held = []
    for (const callback of held) this.time.soon(callback, this)
  }

  /** Nothing of it runs any more. */
  kill(): void {
    this.#state = 'dead'
    this.#held = []
  }
}
