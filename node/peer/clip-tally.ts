/** Counts the gradients of a round that were scaled down, by the peer that sent them (consensus/routing, "Clipping"). */
import type { PeerName } from '../../protocols/wire/messages.ts'

export interface Clipped {
  /** Who sent them. */
  readonly peer: PeerName
  /** Gradients of this peer that were scaled down, of so many received from it and computed with. */
  readonly clipped: number
  readonly received: number
  /** What the largest of them was multiplied by. */
  readonly leastFactor: number
}

/** Bounded by the seats of the next stage: the door admits nobody else. */
export class ClipTally {
  readonly #bySender = new Map<PeerName, Clipped>()

  /** @param factor - what a gradient was multiplied by; 1: it was short enough */
  note(peer: PeerName, factor: number): void {
    const { clipped, received, leastFactor } = this.#bySender.get(peer) ?? { clipped: 0, received: 0, leastFactor: 1 }
    this.#bySender.set(peer, {
      peer,
      clipped: clipped + (factor < 1 ? 1 : 0),
      received: received + 1,
      leastFactor: Math.min(leastFactor, factor),
    })
  }

  /** Senders of whom something was scaled down. */
  clipped(): readonly Clipped[] {
    return [...this.#bySender.values()].filter(({ clipped }) => clipped > 0)
  }
}
