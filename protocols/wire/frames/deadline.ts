/** One signal out of several reasons to stop, which remembers the reason as a refusal. */
import type { CancelTimer, Clock } from '../environment.ts'
import { type Refusal, refuse } from '../refusals.ts'
import { LazySignal } from './lazy-signal.ts'

export interface Deadline {
  readonly signal: AbortSignal
  readonly isStopped: boolean
  /** In place of a listener of `signal`, which would have to be made: called once, as it stops; at once where it has. */
  onStop(callback: () => void): void
  /** Why the signal fired; 'aborted' where it has not. */
  reason(): Refusal
  stop(reason: Refusal): void
  /** Drops timer and listener; must be called in the end. */
  clear(): void
}

export function startDeadline(clock: Clock, timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  return new RunningDeadline(clock, timeoutMs, outer)
}

class RunningDeadline extends LazySignal implements Deadline {
  readonly #outer: AbortSignal | undefined
  readonly #cancelTimer: CancelTimer
  #reason: Refusal | null = null

  constructor(clock: Clock, timeoutMs: number, outer: AbortSignal | undefined) {
    super()
    this.#outer = outer
    this.#cancelTimer = clock.after(timeoutMs, () => this.stop(refuse('timed-out', `after ${timeoutMs} ms`)))
    outer?.addEventListener('abort', this.#onAbort)
    if (outer?.aborted === true) this.#onAbort()
  }

  reason(): Refusal {
    return this.#reason ?? refuse('aborted')
  }

  stop(reason: Refusal): void {
    if (this.isStopped) return
    this.#reason = reason
    this.fire()
  }

  clear(): void {
    this.#cancelTimer()
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }

  readonly #onAbort = (): void => this.stop(refuse('aborted'))
}
