/**
 * Where to begin in a stage's history when what is before is no longer kept. A certificate says by itself, under a quorum's
 * signatures, what it builds on and which state it leads to; the one thing it does not say is the link of the hash chain.
 * That comes from an anchor on the chain, or, for the own disk, from the head of a snapshot.
 */
import type { PostedAnchor } from '../../consensus/chain/types.ts'
import { linkOf, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { RoundStore } from '../journal/index.ts'
import type { History } from './history.ts'
import { type Tip, tipAt } from './tip.ts'

/** Anchors that are weighed as a beginning; each is followed through all rounds that are held. */
export const BEGINNINGS_MAX = 16

/** What a round adds to the hash chain. */
export type LinkedRound = Pick<VerifiedCertificate, 'valueId' | 'outcomeHash'>

/**
 * The anchor to begin at: the one whose history most members anchored, then the earliest. One member may lie about a link,
 * so it is compared with what the others posted; certificates of a quorum stand behind everything else. Null where no anchor
 * is of a round that is held.
 *
 * @param anchors - of members of the stage, in final blocks
 * @param held - `held[i]` is of round `fromRound + i`, without a gap
 */
export function chooseBeginning(
  anchors: readonly PostedAnchor[],
  fromRound: number,
  held: readonly LinkedRound[],
): PostedAnchor | null {
  const within = anchors.filter(({ toRound }) => toRound >= fromRound && toRound < fromRound + held.length)
  const candidates = within.toSorted((a, b) => a.toRound - b.toRound).slice(0, BEGINNINGS_MAX)
  const rated = candidates.map(anchor => ({ anchor, members: agreeing(anchor, within, fromRound, held) }))
  return (
    rated.reduce<(typeof rated)[number] | null>(
      (best, one) => (best === null || one.members > best.members ? one : best),
      null,
    )?.anchor ?? null
  )
}

/** Members whose anchors are of the history that goes on from this one. */
function agreeing(
  { toRound, link }: PostedAnchor,
  anchors: readonly PostedAnchor[],
  fromRound: number,
  held: readonly LinkedRound[],
): number {
  const links = new Map([[toRound, link]])
  let last = link
  for (const [index, { valueId, outcomeHash }] of held.slice(toRound - fromRound + 1).entries()) {
    last = linkOf(last, valueId, outcomeHash)
    links.set(toRound + 1 + index, last)
  }
  const same = anchors.filter(anchor => {
    const expected = links.get(anchor.toRound)
    return expected !== undefined && equalBytes(expected, anchor.link)
  })
  return new Set(same.map(({ peer }) => peer)).size
}

export interface OwnBeginning {
  readonly store: RoundStore
  readonly stage: number
  readonly history: History
  /** The initial state. */
  readonly start: Tip
  readonly signal: AbortSignal
}

/**
 * Where the own certificates up to `round` begin: at the initial state, or at the older snapshot that they are kept from.
 * Null where they rest on nothing.
 */
export async function ownBeginning(
  { store, stage, history, start, signal }: OwnBeginning,
  round: number,
): Promise<Tip | null> {
  const from = store.heldFrom(round)
  if (from <= start.round + 1) return start
  for (const head of store.snapshots.toReversed()) {
    if (head.round < from || head.round > round) continue
    const encoded = await store.certificate(stage, head.round)
    const verified = encoded === null ? null : await history.alone(encoded, Number.POSITIVE_INFINITY, signal)
    if (verified === null || isRefusal(verified)) continue
    if (equalBytes(verified.outcome.state, head.state)) return tipAt(verified, head.link)
  }
  return null
}
