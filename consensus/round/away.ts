/** Seats that announced a pause (consensus/membership, "Pauses"): the stage does not wait for them. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { isPaused } from '../membership/pauses.ts'
import type { RoundState } from './state.ts'
import type { RoundContext } from './types.ts'

/** Who may lead: all seats whose pause is not in force, as everybody counts them alike; all where none is left. */
export function leadersOf({ membership, scope }: RoundContext, ranked: readonly PeerName[]): readonly PeerName[] {
  if (membership === null || membership.paused.size === 0) return ranked
  const present = ranked.filter(peer => !isPaused(membership.paused, scope.epoch, peer))
  return present.length === 0 ? ranked : present
}

/** Its pause is in force, and it has not spoken in this round: it has not come back. */
export function isAway({ context: { membership, scope }, heard }: RoundState, peer: PeerName): boolean {
  return membership !== null && isPaused(membership.paused, scope.epoch, peer) && !heard.has(peer)
}

/** In the same order, but those that are away last: it is this peer's own business whom it turns to first. */
export function presentFirst(state: RoundState, peers: readonly PeerName[]): readonly PeerName[] {
  const { membership } = state.context
  if (membership === null || membership.paused.size === 0) return peers
  return [...peers.filter(peer => !isAway(state, peer)), ...peers.filter(peer => isAway(state, peer))]
}
