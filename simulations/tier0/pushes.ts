/** Aggregates that their first candidates send unasked (node/peer/pushed-aggregates, without promises). */
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Hash, PeerName } from '../../protocols/wire/messages.ts'
import type { SimPeer } from './peer.ts'

/** Hashes that somebody waits for; beyond it the waits of rounds that are long over are forgotten. */
const WAITING_MAX = 256

export class SimPushes {
  readonly #peer: SimPeer
  readonly #waiting = new Map<string, (() => void)[]>()
  /** When one last arrived, in virtual time. */
  lastMs = Number.NEGATIVE_INFINITY

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** Its hash is computed here. */
  arrived(from: PeerName, round: number, hash: Hash, bytes: Uint8Array): void {
    const { inbox, world, tell, holdings } = this.#peer
    if (inbox === null || holdings.isOutsideWindow(round)) return
    if (!world.isGenuine(bytes, hash)) {
      tell.refused('wrong-hash', from, 'not the bytes of this aggregate')
      return
    }
    holdings.holdAggregate(round, hash, bytes)
    this.lastMs = world.time.nowMs
    const key = hashHex(hash)
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    for (const resume of waiting) resume()
  }

  onArrival(hash: Hash, resume: () => void): void {
    const key = hashHex(hash)
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resume])
    if (this.#waiting.size > WAITING_MAX) this.#waiting.clear()
  }

  clear(): void {
    this.#waiting.clear()
  }
}
