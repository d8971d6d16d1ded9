/** Partitions on their way to candidates: what is still under way to the same peer is not sent again (protocols/reduce). */
import { hashHex } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { PartitionId } from './holdings.ts'
import type { SimPeer } from './peer.ts'
import { partitionBytes } from './round-hands.ts'

export class SimScatters {
  readonly #peer: SimPeer
  /** By receiver and partition: when it arrives. */
  readonly #untilMs = new Map<string, number>()

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  give(to: PeerName, id: PartitionId, bytes: Uint8Array): void {
    const { world } = this.#peer
    const target = world.peerOf(to)
    const key = `${to}/${id.round}/${hashHex(id.root)}/${id.partition}`
    if (target === null || (this.#untilMs.get(key) ?? 0) > world.time.nowMs) return
    const arrivalMs = world.send(this.#peer, target, 'scatter', id.round, partitionBytes(this.#peer), 'bulk', () =>
      target.onPartition(id, bytes),
    )
    if (arrivalMs !== null) this.#untilMs.set(key, arrivalMs)
  }

  /** With a new commitment, or a new process. */
  clear(): void {
    this.#untilMs.clear()
  }
}
