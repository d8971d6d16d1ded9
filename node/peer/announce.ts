/** What a seat says of itself: that it is given up, or that it pauses. */
import type { RoundContext } from '../../consensus/round/types.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import type { PeerParts } from './types.ts'
import type { Wishes } from './wishes.ts'

export interface AnnounceHands {
  readonly parts: Pick<PeerParts, 'journal' | 'agreement'>
  readonly wishes: Pick<Wishes, 'take'>
}

/** Signs it for this round and tells the siblings, unless it is decided already or does not sign. Resolves with whether it did. */
export async function announce(
  act: 'remove-left' | 'pause',
  { scope, self, membership }: RoundContext,
  { parts, wishes }: AnnounceHands,
): Promise<boolean> {
  if (self === null) return false
  const isDecided = membership?.decided.some(one => one.peer === self && one.act === act) ?? false
  if (isDecided || membership?.departing.includes(self)) return false
  const signed = await parts.journal.sign({ kind: act === 'pause' ? 'pause' : 'leave', scope })
  if (isRefusal(signed)) return false
  wishes.take(signed)
  parts.agreement.broadcast({ signed, attachments: [] })
  return true
}
