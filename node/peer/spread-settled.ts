/** A source's SETTLED: signed, counted here, and published until somebody listens. */
import type { Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal } from '../../protocols/wire/refusals.ts'
import { delay } from './delay.ts'
import type { PeerParts } from './types.ts'

/** Between two attempts: while no peer has subscribed yet, or gossipsub's buffers are full. */
const RETRY_MS = 500
/** Later SETTLEDs say the same and more, so an old one is not worth many attempts. */
const ATTEMPTS = 10

export async function spreadSettled(
  { journal, gossip, clock }: PeerParts,
  payload: Settled,
  signal: AbortSignal,
  count: (signed: Signed<Settled>) => void,
): Promise<void> {
  const signed = await journal.sign(payload)
  if (isRefusal(signed)) throw new Error(signed.detail ?? signed.refused)
  if (signal.aborted) return
  count(signed)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sent = await gossip.publish(0, 'settled', signed.envelope)
    if (!isRefusal(sent) && sent > 0) return
    await delay(clock, RETRY_MS, signal).catch(() => undefined)
    if (signal.aborted) return
  }
}
