import type { PeerName } from '../../protocols/wire/messages.ts'

/** Place of a peer in a ranking; last where it is not in it. */
export function rankOf(ranking: readonly PeerName[], peer: PeerName): number {
  const rank = ranking.indexOf(peer)
  return rank < 0 ? ranking.length : rank
}
