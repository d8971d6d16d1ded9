/** Rejected messages a forwarding peer, for a bounded number of peers. */
import type { PeerName } from '../wire/messages.ts'
import { RATED_PEERS_MAX } from './constants.ts'

export class RejectionCounter {
  /** Not counted for longest first. */
  readonly #counts = new Map<PeerName, number>()

  /** Returns the peer's count with this one. */
  count(peer: PeerName): number {
    const count = (this.#counts.get(peer) ?? 0) + 1
    this.#counts.delete(peer)
    this.#counts.set(peer, count)
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= RATED_PEERS_MAX) break
      this.#counts.delete(oldest)
    }
    return count
  }

  forget(peer: PeerName): void {
    this.#counts.delete(peer)
  }
}
