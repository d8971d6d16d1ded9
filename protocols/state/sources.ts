/**
 * One source at a time, the next when it fails: a wrong answer ends a source at once, silence after a few times. Transfers
 * that run side by side share the verdicts.
 */
import type { Clock } from '../wire/environment.ts'
import type { PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, type RefusalReason, refuse } from '../wire/refusals.ts'
import { FAILURES_PER_SOURCE, RETRY_MS } from './constants.ts'

/** Refusals that say nothing against the source. */
const BLAMELESS: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'timed-out',
  'unreachable',
  'overloaded',
  'aborted',
])

export class Sources {
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  /** The current one first. */
  readonly #peers: PeerName[]
  readonly #failures = new Map<PeerName, { readonly count: number; readonly latestAttempt: number }>()
  #attempts = 0

  constructor(clock: Clock, peers: readonly PeerName[], signal: AbortSignal | undefined) {
    this.#clock = clock
    this.#signal = signal
    this.#peers = [...new Set(peers)]
  }

  /** Those that are not left, the current one first. */
  get remaining(): readonly PeerName[] {
    return this.#peers
  }

  /** What the first source that has it gives; the last refusal where none does. */
  async ask<T>(attempt: (peer: PeerName) => Promise<T | Refusal>): Promise<T | Refusal> {
    let last = refuse('unknown-item', 'nobody to ask')
    for (;;) {
      if (this.#signal?.aborted === true) return refuse('aborted')
      const peer = this.#peers[0]
      if (peer === undefined) return last
      const number = ++this.#attempts
      const result = await attempt(peer)
      if (!isRefusal(result)) return result
      last = result
      if (this.#leave(peer, number, result.refused)) await this.#pause()
    }
  }

  /** Turns to the next source; true where this one may be asked again. */
  #leave(peer: PeerName, attempt: number, reason: RefusalReason): boolean {
    const index = this.#peers.indexOf(peer)
    if (index < 0) return false
    const before = this.#failures.get(peer) ?? { count: 0, latestAttempt: 0 }
    // Transfers that run side by side fail together: that is one failure, not many.
    const count = attempt <= before.latestAttempt ? before.count : before.count + 1
    this.#failures.set(peer, { count, latestAttempt: count === before.count ? before.latestAttempt : this.#attempts })
    this.#peers.splice(index, 1)
    const isSpared = BLAMELESS.has(reason) && count < FAILURES_PER_SOURCE
    if (isSpared) this.#peers.push(peer)
    return isSpared
  }

  #pause(): Promise<void> {
    return new Promise(resolve => {
      const end = (): void => {
        cancel()
        this.#signal?.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.#clock.after(RETRY_MS, end)
      this.#signal?.addEventListener('abort', end, { once: true })
    })
  }
}
