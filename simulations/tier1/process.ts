/**
 * A peer's process inside this one. Whatever runs for a peer runs in its asynchronous context, so its timers, its clock and
 * its chance can be told from another peer's: a killed process never runs again, a stopped one (SIGSTOP) runs later.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock, Random } from '../../protocols/wire/environment.ts'
import type { Owner, VirtualTime } from './virtual-time.ts'

/** Wall clock at virtual time 0: 2026-01-01. */
const EPOCH_MS = Date.UTC(2026, 0, 1)

/** As Node's timers have it. */
const SHORTEST_TIMER_MS = 1

const contexts = new AsyncLocalStorage<SimProcess>()

/** The simulated process that this code runs for; undefined outside of any. */
export function currentProcess(): SimProcess | undefined {
  return contexts.getStore()
}

export class SimProcess implements Owner {
  readonly time: VirtualTime
  /** Stands for all randomness of the process. */
  readonly random: Random
  #state: 'running' | 'paused' | 'dead' = 'running'
  #held: (() => void)[] = []
  /** Of the wall clock, ms. */
  skewMs = 0

  constructor(time: VirtualTime, random: Random) {
    this.time = time
    this.random = random
  }

  get isAlive(): boolean {
    return this.#state !== 'dead'
  }

  /** As the process's machine sees it: whole ms since 1970. */
  get wallMs(): number {
    return Math.floor(EPOCH_MS + this.time.nowMs + this.skewMs)
  }

  /** Time as composePeer is handed it. */
  get clock(): Clock {
    const { time } = this
    return {
      nowMs: () => time.nowMs,
      after: (delayMs, callback) => time.after(Math.max(SHORTEST_TIMER_MS, delayMs), callback, this),
    }
  }

  /** Runs code of the process. */
  run<Result>(work: () => Result): Result {
    return contexts.run(this, work)
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
