/** State, and aggregates of a round, page by page (protocols/state): each is waited for anew, so a slow link is not a dead one. */
import { PAGE_MAX_BYTES } from '../../protocols/state/constants.ts'
import type { PeerName } from '../../protocols/wire/messages.ts'
import type { SimPeer } from './peer.ts'
import type { Task } from './task.ts'

/** What the first page's request is answered with; null where any page does not come, or the other has nothing. */
export function* askInPages<T>(
  peer: SimPeer,
  to: PeerName,
  kind: string,
  bytes: number,
  handle: (target: SimPeer) => T | null,
): Task<T | null> {
  const answer = yield* peer.ask(to, kind, Math.min(bytes, PAGE_MAX_BYTES), handle)
  if (answer === null) return null
  for (let left = bytes - PAGE_MAX_BYTES; left > 0; left -= PAGE_MAX_BYTES) {
    const more = yield* peer.ask(to, kind, Math.min(left, PAGE_MAX_BYTES), () => true)
    if (more === null) return null
  }
  return answer
}
