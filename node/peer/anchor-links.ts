/** The links of the own history that anchors are compared with, and how far they are final. Pure. */
import type { Anchor } from '../../consensus/chain/types.ts'
import { isPartOf, type Recovery } from '../../consensus/recovery/index.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'
import { isLeft } from './reformed.ts'

/** Own links remembered. */
const LINKS_KEPT = 256
/** Anchors beyond the own history that are kept until it gets there; a liar anchors whatever it likes. */
const AHEAD_KEPT = 64
/** Rounds remembered to be final: more than lie between two snapshots. */
const FINAL_KEPT = 256

/** How the stage was re-formed, as far as it is known when it is asked. */
export interface StageRecoveries {
  readonly recoveries: () => readonly Recovery[]
  /** Height of an epoch's first block. */
  readonly startOf: (epoch: number) => number
}

/** Where the own history stands. */
export interface Linked {
  readonly round: number
  readonly link: Hash
  /** Of the round's certificate. */
  readonly epoch: number
}

interface Final {
  readonly round: number
  /** Block of the anchor. */
  readonly height: number
}

type Compared = Pick<Anchor, 'toRound' | 'link'> & { readonly height: number }

export class AnchorLinks {
  readonly #reformed: StageRecoveries
  readonly #links = new Map<number, Linked>()
  /** What was anchored beyond the own history. */
  #ahead: readonly Compared[] = []
  #newest = 0
  /** Ascending. */
  #final: readonly Final[] = []

  constructor(reformed: StageRecoveries) {
    this.#reformed = reformed
  }

  /** Last round of the own stage in a final anchor that agrees with the own history; a recovery that leaves it takes that back. */
  get finalRound(): number {
    return this.finalAtMost(Number.POSITIVE_INFINITY) ?? 0
  }

  /** The same, of those that are not after `round`; null where there is none. */
  finalAtMost(round: number): number | null {
    return this.#standing().findLast(final => final.round <= round)?.round ?? null
  }

  /** The own history has this link at this round. */
  note(linked: Linked): void {
    this.#forgetLeft()
    this.#links.set(linked.round, linked)
    this.#newest = Math.max(this.#newest, linked.round)
    const oldest = this.#links.keys().next().value
    if (this.#links.size > LINKS_KEPT && oldest !== undefined) this.#links.delete(oldest)
    const reached = this.#ahead.filter(anchor => anchor.toRound <= this.#newest)
    this.#ahead = this.#ahead.filter(anchor => anchor.toRound > this.#newest)
    for (const anchor of reached) this.take(anchor)
  }

  /** A final anchor of the own stage; one that is ahead is kept for {@link note}. */
  take(anchor: Compared): 'agrees' | 'contradicts' | 'unknown' | 'ahead' | 'left' {
    const { toRound, link, height } = anchor
    const { recoveries, startOf } = this.#reformed
    if (isLeft(toRound, height, recoveries(), startOf)) return 'left'
    this.#forgetLeft()
    const own = this.#links.get(toRound)
    if (own === undefined) {
      if (toRound <= this.#newest) return 'unknown'
      this.#ahead = [...this.#ahead, anchor].slice(-AHEAD_KEPT)
      return 'ahead'
    }
    if (!equalBytes(own.link, link)) return 'contradicts'
    this.#finalise(toRound, height)
    return 'agrees'
  }

  #finalise(round: number, height: number): void {
    const others = this.#standing()
    if (others.some(final => final.round === round)) return
    this.#final = [...others, { round, height }].sort((a, b) => a.round - b.round).slice(-FINAL_KEPT)
  }

  /** Those that no recovery has left since. */
  #standing(): readonly Final[] {
    const { recoveries, startOf } = this.#reformed
    const known = recoveries()
    return this.#final.filter(({ round, height }) => !isLeft(round, height, known, startOf))
  }

  /** The re-formed stage may use the same numbers again: links of before are not to be compared with its anchors. */
  #forgetLeft(): void {
    const recoveries = this.#reformed.recoveries()
    for (const linked of [...this.#links.values()]) {
      if (isPartOf(linked, recoveries)) continue
      this.#links.delete(linked.round)
      this.#newest = Math.max(0, ...this.#links.keys())
    }
  }
}
