/** What a lost stage goes on from (README.md, "Recovery", 1). Pure. */
import { compareBytes } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { holdsFinal, sameRound, supports } from './lease.ts'
import type { Claim, Point, ShownRound, StageLease } from './types.ts'

export interface Base {
  readonly point: Point
  /** The stage was re-formed from it before, showed nothing since, and no more than f claimants hold it. */
  readonly isInVain: boolean
}

/**
 * The newest certified round that more than f of the claimants hold, so an honest one does; else what is final. What is final
 * is undone in one case: for a whole lease after the stage was re-formed from it nobody went on from there, no more than f
 * hold it, more than f hold an earlier round, and more than f had claimed before that lease, so an honest one is among those
 * whose state this is.
 */
export function baseOf(lease: StageLease, claims: ReadonlyMap<PeerName, Claim>, faults: number): Base {
  const made = [...claims.values()]
  const newer = newestHeld(made, faults, lease.final, newest => newest.epoch >= lease.sinceEpoch)
  if (newer !== null) return { point: newer, isInVain: false }
  const isInVain = lease.isFresh && made.filter(claim => holdsFinal(claim, lease)).length <= faults
  const earlier =
    isInVain && lease.isAttested ? newestHeld(made, faults, null, newest => newest.epoch < lease.sinceEpoch) : null
  return earlier === null ? { point: lease.final, isInVain } : { point: earlier, isInVain: false }
}

/** @param final - rounds before it do not count; null: all do */
function newestHeld(
  claims: readonly Claim[],
  faults: number,
  final: Point | null,
  counts: (newest: ShownRound) => boolean,
): Point | null {
  let best: Point | null = final
  for (const { newest, holds } of claims) {
    if (!holds || newest === null || !counts(newest) || newest.round < (best?.round ?? 0)) continue
    if (newest.round === best?.round && !precedes(newest, best, final)) continue
    const support = claims.filter(claim => supports(claim, newest)).length
    if (support > faults) best = { round: newest.round, value: newest.value, outcome: newest.outcome }
  }
  return best === final ? null : best
}

/** Two certified rounds of one number mean that more than f seats lied: what is final stays, else the smaller id counts. */
function precedes(a: Point, b: Point, final: Point | null): boolean {
  return (
    !(final !== null && sameRound(b, final)) &&
    (compareBytes(a.value, b.value) || compareBytes(a.outcome, b.outcome)) < 0
  )
}
