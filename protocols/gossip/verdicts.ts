/**
 * What a refusal means for the forwarding of a message. REJECT costs the forwarder its score, so it is for what any honest
 * peer would have refused as well: the bytes themselves are wrong. What depends on how far this peer is (its round, its
 * view of the chain, its load) is IGNORE: an honest peer that is ahead must not be punished by one that is behind.
 */
import type { RefusalReason } from '../wire/refusals.ts'
import type { Verdict } from './types.ts'

/** Reasons that depend on the receiver; all others are the message's own fault. */
const RECEIVERS_REASONS: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'wrong-epoch',
  'wrong-group',
  'stale-round',
  'future-round',
  'stale-record',
  'no-seat',
  'duplicate',
  'contradiction',
  'unknown-item',
  'pruned',
  'overloaded',
  'aborted',
  'wrong-version',
])

export function verdictOf(reason: RefusalReason): Exclude<Verdict, 'accept'> {
  return RECEIVERS_REASONS.has(reason) ? 'ignore' : 'reject'
}
