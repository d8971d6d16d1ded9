/** The links of the own history that anchors are compared with, and how far they are final. Pure. */
import type { Anchor } from '../../consensus/chain/types.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'

/** Own links remembered. */
const LINKS_KEPT = 256
/** Anchors beyond the own history that are kept until it gets there; a liar anchors whatever it likes. */
const AHEAD_KEPT = 64
/** Rounds remembered to be final: more than lie between two snapshots. */
const FINAL_KEPT = 256

type Compared = Pick<Anchor, 'toRound' | 'link'>

export class AnchorLinks {
  readonly #links = new Map<number, Hash>()
  /** What was anchored beyond the own history. */
  #ahead: readonly Compared[] = []
  #newest = 0
  /** Ascending. */
  #final: readonly number[] = []

  /** Last round of the own stage in a final anchor that agrees with the own history. */
  get finalRound(): number {
    return this.#final.at(-1) ?? 0
  }

  /** The same, of those that are not after `round`; null where there is none. */
  finalAtMost(round: number): number | null {
    return this.#final.findLast(final => final <= round) ?? null
  }

  /** The own history has this link at this round. */
  note(round: number, link: Hash): void {
    this.#links.set(round, link)
    this.#newest = Math.max(this.#newest, round)
    const oldest = this.#links.keys().next().value
    if (this.#links.size > LINKS_KEPT && oldest !== undefined) this.#links.delete(oldest)
    const reached = this.#ahead.filter(anchor => anchor.toRound <= this.#newest)
    this.#ahead = this.#ahead.filter(anchor => anchor.toRound > this.#newest)
    for (const anchor of reached) this.take(anchor)
  }

  /** A final anchor of the own stage; one that is ahead is kept for {@link note}. */
  take(anchor: Compared): 'agrees' | 'contradicts' | 'unknown' | 'ahead' {
    const { toRound, link } = anchor
    const own = this.#links.get(toRound)
    if (own === undefined) {
      if (toRound <= this.#newest) return 'unknown'
      this.#ahead = [...this.#ahead, anchor].slice(-AHEAD_KEPT)
      return 'ahead'
    }
    if (!equalBytes(own, link)) return 'contradicts'
    if (!this.#final.includes(toRound)) this.#final = [...this.#final, toRound].sort((a, b) => a - b).slice(-FINAL_KEPT)
    return 'agrees'
  }
}
