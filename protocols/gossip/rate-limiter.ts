/** A token bucket a peer, in messages and in bytes. */
import type { Clock } from '../wire/environment.ts'
import type { PeerName } from '../wire/messages.ts'
import {
  PEER_BYTES_BURST,
  PEER_BYTES_PER_SECOND,
  PEER_MESSAGES_BURST,
  PEER_MESSAGES_PER_SECOND,
  RATED_PEERS_MAX,
} from './constants.ts'

interface Bucket {
  messages: number
  bytes: number
  atMs: number
}

export class RateLimiter {
  readonly #clock: Clock
  /** Not heard of for longest first. */
  readonly #buckets = new Map<PeerName, Bucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Peers that are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** Takes one message out of the peer's buckets; false where one of them is empty. */
  take(peer: PeerName, bytes: number): boolean {
    const bucket = this.#refill(peer)
    if (bucket.messages < 1 || bucket.bytes < bytes) return false
    bucket.messages -= 1
    bucket.bytes -= bytes
    return true
  }

  #refill(peer: PeerName): Bucket {
    const nowMs = this.#clock.nowMs()
    const held = this.#buckets.get(peer) ?? { messages: PEER_MESSAGES_BURST, bytes: PEER_BYTES_BURST, atMs: nowMs }
    const seconds = (nowMs - held.atMs) / 1000
    held.messages = Math.min(PEER_MESSAGES_BURST, held.messages + seconds * PEER_MESSAGES_PER_SECOND)
    held.bytes = Math.min(PEER_BYTES_BURST, held.bytes + seconds * PEER_BYTES_PER_SECOND)
    held.atMs = nowMs
    this.#buckets.delete(peer)
    this.#buckets.set(peer, held)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= RATED_PEERS_MAX) break
      this.#buckets.delete(oldest)
    }
    return held
  }
}
