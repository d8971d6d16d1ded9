/** Siblings that sign messages of rounds beyond the next: one may lie, f + 1 cannot all. */
import type { PeerName } from '../../protocols/wire/messages.ts'

export class Ahead {
  readonly #faults: () => number
  readonly #peers = new Set<PeerName>()
  #round = -1

  /** @param faults - liars that the stage tolerates now */
  constructor(faults: () => number) {
    this.#faults = faults
  }

  /** True once f + 1 siblings are ahead of `round`. */
  note(from: PeerName, round: number): boolean {
    if (round !== this.#round) this.#peers.clear()
    this.#round = round
    this.#peers.add(from)
    return this.#peers.size > this.#faults()
  }
}
