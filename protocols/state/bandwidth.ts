/** Token buckets: how long a peer must wait for its next bytes. Pure; the caller has the clock and waits. */
import type { PeerName } from '../wire/messages.ts'
import type { BandwidthLimits } from './types.ts'

interface Bucket {
  /** Negative while reservations wait. */
  readonly bytes: number
  readonly atMs: number
}

export class Bandwidth {
  readonly #limits: BandwidthLimits
  readonly #maxPeers: number
  /** Longest unheard of first. */
  readonly #buckets = new Map<PeerName, Bucket>()

  constructor(limits: BandwidthLimits, maxPeers: number) {
    this.#limits = limits
    this.#maxPeers = maxPeers
  }

  /** Milliseconds until these bytes may be sent, which are reserved then; null where that would be too long. */
  reserve(peer: PeerName, bytes: number, nowMs: number): number | null {
    const { bytesPerSecond, burstBytes, maxWaitMs } = this.#limits
    const before = this.#buckets.get(peer) ?? { bytes: burstBytes, atMs: nowMs }
    const refilled = Math.min(burstBytes, before.bytes + ((nowMs - before.atMs) / 1000) * bytesPerSecond)
    const after = refilled - bytes
    const waitMs = Math.max(0, (-after / bytesPerSecond) * 1000)
    if (waitMs > maxWaitMs) return null
    this.#buckets.delete(peer)
    this.#buckets.set(peer, { bytes: after, atMs: nowMs })
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#maxPeers) break
      this.#buckets.delete(oldest)
    }
    return waitMs
  }
}
