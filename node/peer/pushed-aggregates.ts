/**
 * Aggregates that a candidate is probably sending already: pulling one at the moment its hash is known would fetch most of
 * them twice. So a pull waits a little for the push.
 */
import type { AggregateName } from '../../protocols/reduce/headers.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import { hashHex } from '../../protocols/wire/hash.ts'

/** Several times what a push takes on a local network, and little beside a round. */
const PATIENCE_MS = 150

export class PushedAggregates {
  readonly #clock: Clock
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The bytes of this aggregate have arrived. */
  arrived(name: AggregateName): void {
    const key = keyOf(name)
    for (const resolve of this.#waiting.get(key) ?? []) resolve()
  }

  /** Resolves when the aggregate arrives, the patience is over or the signal fires. */
  wait(name: AggregateName, signal: AbortSignal): Promise<void> {
    const key = keyOf(name)
    return new Promise(resolve => {
      const waiters = this.#waiting.get(key) ?? new Set()
      this.#waiting.set(key, waiters)
      const finish = () => {
        cancel()
        signal.removeEventListener('abort', finish)
        waiters.delete(finish)
        if (waiters.size === 0) this.#waiting.delete(key)
        resolve()
      }
      const cancel = this.#clock.after(PATIENCE_MS, finish)
      waiters.add(finish)
      signal.addEventListener('abort', finish, { once: true })
      if (signal.aborted) finish()
    })
  }
}

function keyOf({ value, partition, hash }: AggregateName): string {
  return `${hashHex(value)}/${partition}/${hashHex(hash)}`
}
