/** Bounds on what is under way: waiting callers in order of arrival, and plain byte budgets. */
import { type Refusal, refuse } from '../refusals.ts'

export interface LimiterLimits {
  /** Permits that are out at a time. */
  readonly permits: number
  /** Bytes of all permits together; one permit may take more when it is alone. */
  readonly bytes: number
  /** Callers that wait; more are refused as `overloaded`. */
  readonly waiting: number
}

interface Waiter {
  readonly bytes: number
  admit(): void
}

/** Hands out permits for some bytes each, first come, first served. */
export class Limiter {
  readonly #limits: LimiterLimits
  readonly #waiters: Waiter[] = []
  #permits = 0
  #bytes = 0

  constructor(limits: LimiterLimits) {
    this.#limits = limits
  }

  /** True where there is room at once, and nobody waits; then `release` must follow. */
  take(bytes: number): boolean {
    if (this.#waiters.length > 0 || !this.#fits(bytes)) return false
    this.#hold(bytes)
    return true
  }

  /** Null once there is room (then `release` must follow), else a refusal. The signal must fire at some time. */
  acquire(bytes: number, signal: AbortSignal): Promise<Refusal | null> {
    if (signal.aborted) return Promise.resolve(refuse('aborted'))
    if (this.take(bytes)) return Promise.resolve(null)
    if (this.#waiters.length >= this.#limits.waiting)
      return Promise.resolve(refuse('overloaded', `${this.#limits.waiting} wait already`))
    return new Promise(resolve => {
      const onAbort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
        resolve(refuse('aborted'))
        this.#admit()
      }
      const waiter: Waiter = {
        bytes,
        admit: () => {
          signal.removeEventListener('abort', onAbort)
          resolve(null)
        },
      }
      this.#waiters.push(waiter)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  release(bytes: number): void {
    this.#permits--
    this.#bytes -= bytes
    this.#admit()
  }

  #admit(): void {
    for (let next = this.#waiters[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiters[0]) {
      this.#waiters.shift()
      this.#hold(next.bytes)
      next.admit()
    }
  }

  #fits(bytes: number): boolean {
    if (this.#permits === 0) return true
    return this.#permits < this.#limits.permits && this.#bytes + bytes <= this.#limits.bytes
  }

  #hold(bytes: number): void {
    this.#permits++
    this.#bytes += bytes
  }
}

/** Bytes that may be held at a time; taking never waits. */
export class ByteBudget {
  readonly #limit: number
  readonly #parent: ByteBudget | null
  #taken = 0

  /** With a parent, bytes count against both. */
  constructor(limitBytes: number, parent: ByteBudget | null = null) {
    this.#limit = limitBytes
    this.#parent = parent
  }

  get takenBytes(): number {
    return this.#taken
  }

  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit || (this.#parent !== null && !this.#parent.take(bytes))) return false
    this.#taken += bytes
    return true
  }

  give(bytes: number): void {
    this.#taken -= bytes
    this.#parent?.give(bytes)
  }
}
