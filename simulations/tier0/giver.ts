/** What a peer gives to whoever asks for it; a liar gives what it likes. */
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import type { PartitionId } from './holdings.ts'
import type { SimPeer } from './peer.ts'

export class SimGiver {
  /** A certificate that a liar claims to have. */
  pretended: Certificate | null = null
  readonly #peer: SimPeer

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  partition(id: PartitionId): Uint8Array | null {
    return this.#bytes(this.#peer.holdings.partition(id))
  }

  aggregate(round: number, hash: Hash): Uint8Array | null {
    return this.#bytes(this.#peer.holdings.aggregate(round, hash))
  }

  /** Of the own stage, from the first to the last at the most. */
  certificates(first: number, last: number): Certificate[] {
    const { behaviour, journal } = this.#peer
    const found: Certificate[] = []
    if (behaviour?.hides === true) return found
    for (let round = first; round <= last; round++) {
      const pretended = this.pretended?.value.scope.round === round ? this.pretended : undefined
      const certificate = pretended ?? journal.rounds.get(round)?.certificate
      if (certificate === undefined) break
      found.push(certificate)
    }
    return found
  }

  /** The newest round that it says to have. */
  get claimedRound(): number {
    const { behaviour, replica } = this.#peer
    if (behaviour?.hides === true) return -1
    return Math.max(replica?.tip.round ?? -1, this.pretended?.value.scope.round ?? -1)
  }

  #bytes(bytes: Uint8Array | null): Uint8Array | null {
    const { behaviour } = this.#peer
    return bytes === null || behaviour?.serves === undefined ? bytes : behaviour.serves(bytes)
  }
}
