/** What a lost stage goes on from (README.md, "Recovery", 1; "In vain"; "Checkpoints"). Pure. */
import { compareBytes, compareText } from '../../protocols/wire/hash.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import { inForce, isPartOf } from './history.ts'
import { holdsFinal, sameRound, supports } from './lease.ts'
import type { Claim, Point, ShownRound, StageLease } from './types.ts'

export interface BaseInit {
  readonly lease: StageLease
  /** Those that count. */
  readonly claims: ReadonlyMap<PeerName, Claim>
  readonly faults: number
  /** A lease's time has gone by since the window of claims. */
  readonly hasWaited: boolean
}

export interface Base {
  readonly point: Point
  /** Seats of the next stage that keep it, where it is a checkpoint; sorted. */
  readonly keepers: readonly PeerName[]
  /** The stage was re-formed from it before, showed nothing since, no more than f claimants hold it, and nothing else is left. */
  readonly isInVain: boolean
}

/**
 * The newest certified round that more than f of the claimants hold, so an honest one does; else a checkpoint that is not
 * before what is final; else what is final. That is undone where it is in nobody's hands: nobody claims, for long, or the
 * stage was re-formed from it in vain. Null where nobody claims, and there is nothing to go on from yet.
 */
export function baseOf({ lease, claims, faults, hasWaited }: BaseInit): Base | null {
  const made = [...claims.values()]
  const newer = newestHeld(made, faults, lease.final, newest => newest.epoch >= lease.sinceEpoch)
  if (newer !== null) return from(newer)
  const isHeld = made.filter(claim => holdsFinal(claim, lease)).length > faults
  if (lease.isFresh) return isHeld ? from(lease.final) : afterVain(lease, made, faults)
  const [newest] = checkpoints(lease)
  if (newest !== undefined && newest.point.round >= lease.final.round) return newest
  if (made.length > 0) return from(lease.final)
  return hasWaited ? (newest ?? null) : null
}

/** The newest of what is left and was not tried since the last renewal; once all was, it begins anew. */
function afterVain(lease: StageLease, claims: readonly Claim[], faults: number): Base | null {
  const history = inForce(lease.recoveries)
  const isEarlier = (newest: ShownRound): boolean => newest.epoch < lease.sinceEpoch && isPartOf(newest, history)
  // Of f or fewer all may be liars: they would choose how far it goes back.
  const earlier = lease.isAttested ? newestHeld(claims, faults, null, isEarlier) : null
  const last = claims.some(claim => supports(claim, lease.shown)) ? lease.shown : null
  const left = [...[earlier, last].flatMap(point => (point === null ? [] : [from(point)])), ...checkpoints(lease)]
  left.sort((a, b) => b.point.round - a.point.round)
  const untried = left.find(({ point }) => !lease.tried.some(tried => sameRound(tried, point)))
  const again = claims.length === 0 ? null : { ...from(lease.final), isInVain: true }
  return untried ?? left[0] ?? again
}

/** Those that are kept, of this stage's history, newest first. */
function checkpoints({ kept, recoveries }: StageLease): Base[] {
  const history = inForce(recoveries)
  const found: Base[] = []
  for (const [peer, shown] of [...kept].sort(([a], [b]) => compareText(a, b))) {
    if (!isPartOf(shown, history)) continue
    const at = found.findIndex(({ point }) => sameRound(point, shown))
    const before = found[at]
    if (before === undefined) found.push({ ...from(shown), keepers: [peer] })
    else found[at] = { ...before, keepers: [...before.keepers, peer] }
  }
  return found.sort((a, b) => b.point.round - a.point.round || compareBytes(a.point.value, b.point.value))
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
    if (support > faults) best = newest
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

function from({ round, value, outcome }: Point): Base {
  return { point: { round, value, outcome }, keepers: [], isInVain: false }
}
