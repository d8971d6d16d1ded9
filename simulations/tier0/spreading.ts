/** How a certificate gets to those who lack it: published in turn, and given now and then to a sibling that is late. */
import type { Certificate, Hash, PeerName } from '../../protocols/wire/messages.ts'
import { CERTIFICATE_STAGGER_MS, LATE_INTERVAL_MS } from './constants.ts'
import { nativeHash } from './engine.ts'
import type { SimPeer } from './peer.ts'

/** Rounds whose certificates are remembered to have come by. */
const SEEN_ROUNDS = 64

export class SimSpreading {
  readonly #peer: SimPeer
  readonly #answeredMs = new Map<PeerName, number>()
  readonly #seen = new Set<number>()

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  /** The own stage's certificate of a round has come by. */
  saw(round: number): void {
    this.#seen.add(round)
  }

  /** Publishes the own stage's certificate after `rank` steps, unless it spreads already. */
  spread(certificate: Certificate, rank: number, round: number): void {
    const peer = this.#peer
    if (peer.behaviour?.hides === true) return
    peer.after(rank * CERTIFICATE_STAGGER_MS, () => {
      if (!this.#seen.has(round)) peer.world.gossip.certificate(peer, certificate)
      this.#seen.delete(round - SEEN_ROUNDS)
    })
  }

  /** A sibling speaks of a round that is over here. */
  answerLate(from: PeerName, round: number): void {
    const peer = this.#peer
    const { nowMs } = peer
    if (peer.behaviour?.hides === true) return
    if (nowMs - (this.#answeredMs.get(from) ?? Number.NEGATIVE_INFINITY) < LATE_INTERVAL_MS) return
    this.#answeredMs.set(from, nowMs)
    const stored = peer.journal.rounds.get(round)
    if (stored === undefined) return
    const hashes: readonly Hash[] | null =
      stored.partitions === null ? null : stored.partitions.map(bytes => nativeHash(bytes))
    peer.sendCertificate(from, stored.certificate, hashes)
  }
}
