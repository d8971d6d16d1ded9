/** Refusals counted by reason and by peer: what a metric shows and what a policy disconnects on. Memory is bounded. */
import { MAX_COUNTED_PEERS } from './constants.ts'
import type { PeerName } from './messages.ts'
import type { RefusalReason } from './refusals.ts'

export type RefusalCounts = Readonly<Partial<Record<RefusalReason, number>>>

export class RefusalCounters {
  readonly #maxPeers: number
  readonly #totals: Partial<Record<RefusalReason, number>> = {}
  /** Least recently refused first. */
  readonly #peers = new Map<PeerName, Partial<Record<RefusalReason, number>>>()

  constructor(limits: { readonly maxPeers: number } = { maxPeers: MAX_COUNTED_PEERS }) {
    this.#maxPeers = limits.maxPeers
  }

  /** Peers that are counted one by one. */
  get peers(): number {
    return this.#peers.size
  }

  /** Counts a refusal. The peer not heard of for longest is forgotten when there are too many; totals stay. */
  count(reason: RefusalReason, peer?: PeerName): void {
    increment(this.#totals, reason)
    if (peer === undefined) return
    const counts = this.#peers.get(peer) ?? {}
    this.#peers.delete(peer)
    this.#peers.set(peer, counts)
    increment(counts, reason)
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size <= this.#maxPeers) break
      this.#peers.delete(oldest)
    }
  }

  totals(): RefusalCounts {
    return { ...this.#totals }
  }

  of(peer: PeerName): RefusalCounts {
    return { ...this.#peers.get(peer) }
  }

  forget(peer: PeerName): void {
    this.#peers.delete(peer)
  }
}

function increment(counts: Partial<Record<RefusalReason, number>>, reason: RefusalReason): void {
  counts[reason] = (counts[reason] ?? 0) + 1
}
