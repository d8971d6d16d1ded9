/** The links of the own history that anchors are compared with, and how far they are final. Pure. */
import type { Anchor } from '../../consensus/chain/types.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'

/** Own links remembered. */
const LINKS_KEPT = 256

export class AnchorLinks {
  readonly #links = new Map<number, Hash>()
  #finalRound = 0

  /** Last round of the own stage in a final anchor that agrees with the own history. */
  get finalRound(): number {
    return this.#finalRound
  }

  /** The own history has this link at this round. */
  note(round: number, link: Hash): void {
    this.#links.set(round, link)
    const oldest = this.#links.keys().next().value
    if (this.#links.size > LINKS_KEPT && oldest !== undefined) this.#links.delete(oldest)
  }

  /** A final anchor of the own stage. */
  take({ toRound, link }: Pick<Anchor, 'toRound' | 'link'>): 'agrees' | 'contradicts' | 'unknown' {
    const own = this.#links.get(toRound)
    if (own === undefined) return 'unknown'
    if (!equalBytes(own, link)) return 'contradicts'
    this.#finalRound = Math.max(this.#finalRound, toRound)
    return 'agrees'
  }
}
