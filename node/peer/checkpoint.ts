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
import { buildsOn } from './follow.ts'
import type { History } from './history.ts'
import { roundBefore } from './reformed.ts'
import { type Tip, tipAt } from './tip.ts'

/** Anchors that are weighed as a beginning; each is followed through all rounds that are held. */
export const BEGINNINGS_MAX = 16

/** What a round adds to the hash chain. */
export type LinkedRound = Pick<VerifiedCertificate, 'value' | 'valueId' | 'outcomeHash'>

/**
 * The anchor to begin at: the one whose history most members anchored, then the earliest. One member may lie about a link,
 * so it is compared with what the others posted; certificates of a quorum stand behind everything else. Null where no anchor
 * is of a round that is held.
 *
 * @param anchors - of members of the stage, in final blocks
 * @param held - rounds that follow each other in the history; its numbers may leave some out
 */
export function chooseBeginning(anchors: readonly PostedAnchor[], held: readonly LinkedRound[]): PostedAnchor | null {
  const rounds = new Set(held.map(({ value }) => value.scope.round))
  const within = anchors.filter(({ toRound }) => rounds.has(toRound))
  const candidates = within.toSorted((a, b) => a.toRound - b.toRound).slice(0, BEGINNINGS_MAX)
  const rated = candidates.map(anchor => ({ anchor, members: agreeing(anchor, within, held) }))
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
  held: readonly LinkedRound[],
): number {
  const links = new Map([[toRound, link]])
  let last = link
  for (const { value, valueId, outcomeHash } of held) {
    if (value.scope.round <= toRound) continue
    last = linkOf(last, valueId, outcomeHash)
    links.set(value.scope.round, last)
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
export async function ownBeginning(init: OwnBeginning, round: number): Promise<Tip | null> {
  const { store, history, start } = init
  const { recoveries } = history
  const from = store.heldFrom(round, after => roundBefore(after, recoveries))
  if (round <= start.round || (from <= round && roundBefore(from, recoveries) <= start.round)) return start
  for (const head of store.snapshots.toReversed()) {
    if (head.round < from || head.round > round) continue
    const verified = await ownAlone(init, head.round)
    if (verified === null || !equalBytes(verified.outcome.state, head.state)) continue
    return tipAt(verified, head.link, await epochBefore(init, verified, from))
  }
  return null
}

/** A certificate of the own disk, by itself. Null where it is not held, or not what a quorum signed. */
export async function ownAlone(
  { store, stage, history, signal }: OwnBeginning,
  round: number,
): Promise<VerifiedCertificate | null> {
  const encoded = await store.certificate(stage, round)
  const verified = encoded === null ? null : await history.alone(encoded, Number.POSITIVE_INFINITY, signal)
  return verified === null || isRefusal(verified) ? null : verified
}

/**
 * The certificates before this one that are held of its epoch and of the one before, and one that is older still: it shows
 * that those are whole. @param from - first round that is held without a gap
 */
async function epochBefore(
  init: OwnBeginning,
  certificate: VerifiedCertificate,
  from: number,
): Promise<readonly VerifiedCertificate[]> {
  const { epoch, round } = certificate.value.scope
  const before: VerifiedCertificate[] = []
  let next = certificate
  for (let at = round - 1; at >= from; at--) {
    const one = await ownAlone(init, at)
    if (one === null || !buildsOn(next, one)) break
    before.unshift(one)
    if (one.value.scope.epoch < epoch - 1) break
    next = one
  }
  return before
}
