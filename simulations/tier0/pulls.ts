/** What a process has measured of its pulls: how long a holder may be silent before the next is asked (protocols/reduce). */
import { PullPatience } from '../../protocols/reduce/patience.ts'
import type { SimPeer } from './peer.ts'

export class SimPulls {
  readonly #peer: SimPeer
  #patience: PullPatience | null = null

  constructor(peer: SimPeer) {
    this.#peer = peer
  }

  get patience(): PullPatience {
    this.#patience ??= new PullPatience(this.#peer.world.run.manifest.timeouts.reduceMs)
    return this.#patience
  }

  /** The process has died. */
  clear(): void {
    this.#patience = null
  }
}
