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
  /** Of all peers together; null where only each peer's own counts. */
  #shared: Bucket | null

  constructor(limits: BandwidthLimits, maxPeers: number) {
    this.#limits = limits
    this.#maxPeers = maxPeers
    this.#shared = limits.isShared === true ? { bytes: limits.burstBytes, atMs: Number.NEGATIVE_INFINITY } : null
  }

  /** Milliseconds until these bytes may be sent, which are reserved then; null where that would be too long. */
  reserve(peer: PeerName, bytes: number, nowMs: number): number | null {
    const { bytesPerSecond, burstBytes, maxWaitMs } = this.#limits
    const own = this.#after(this.#buckets.get(peer) ?? { bytes: burstBytes, atMs: nowMs }, bytes, nowMs)
    const shared = this.#shared === null ? own : this.#after(this.#shared, bytes, nowMs)
    const waitMs = Math.max(0, (-Math.min(own.bytes, shared.bytes) / bytesPerSecond) * 1000)
    if (waitMs > maxWaitMs) return null
    if (this.#shared !== null) this.#shared = shared
    this.#buckets.delete(peer)
    this.#buckets.set(peer, own)
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#maxPeers) break
      this.#buckets.delete(oldest)
    }
    return waitMs
  }

  /** What is left in a bucket that is filled up to now. */
  #after(bucket: Bucket, bytes: number, nowMs: number): Bucket {
    const { bytesPerSecond, burstBytes } = this.#limits
    const refilled = Math.min(burstBytes, bucket.bytes + ((nowMs - bucket.atMs) / 1000) * bytesPerSecond)
    return { bytes: refilled - bytes, atMs: nowMs }
  }
}
