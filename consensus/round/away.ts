/** Seats that announced a pause (consensus/membership, "Pauses"): the stage does not wait for them. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isPaused } from '../membership/pauses.ts'
import type { RoundContext } from './types.ts'

/** Who may lead: all seats whose pause is not in force, as everybody counts them alike; all where none is left. */
export function leadersOf({ membership, scope }: RoundContext, ranked: readonly PeerName[]): readonly PeerName[] {
  if (membership === null || membership.paused.size === 0) return ranked
  const present = ranked.filter(peer => !isPaused(membership.paused, scope.epoch, peer))
  return present.length === 0 ? ranked : present
}

/** Its pause is in force, and it has not spoken in this round: it has not come back. */
export function isAway({ membership, scope }: RoundContext, heard: ReadonlySet<PeerName>, peer: PeerName): boolean {
  return membership !== null && isPaused(membership.paused, scope.epoch, peer) && !heard.has(peer)
}
