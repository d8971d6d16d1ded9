/** What a member writes to the chain for its stage's lease, and when (README.md, "Lease", "Claims"). Pure. */
import type { PeerName } from '../../protocols/wire/messages.ts'
import { claimsFrom, renewalDue, renews, votesUntil } from './lease.ts'
import type { Claim, LeaseRules, StageLease } from './types.ts'

/** Blocks for a record to be in a final block; then it is posted again. */
const PATIENCE_BLOCKS = 6
/** Blocks that the next in rank waits for those before it: so many of them fit a lease. */
const RANKS_A_LEASE = 32
const MIN_RANK_BLOCKS = 2

/** `idle`: the stage is to decide an empty round, since nothing else shows that it lives. */
export type Duty = 'renew' | 'idle' | 'claim'

/** What a member sees at a final head. */
export interface LeaseView {
  readonly height: number
  readonly lease: StageLease
  readonly self: PeerName
  /** Its newest certified round; null where there is none. */
  readonly newest: { readonly round: number; readonly epoch: number; readonly referenceHeight: number } | null
  /** It has the state of that round; with none, of what is final. */
  readonly holds: boolean
  /** Places before it among those that post for a round. */
  readonly rank: (round: number) => number
}

/** Null where there is nothing to do at this head. */
export function leaseDuty({ height, lease, self, newest, holds, rank }: LeaseView, rules: LeaseRules): Duty | null {
  const halfUsed = renewalDue(lease, rules)
  if (height < halfUsed) return null
  if (newest !== null && renews(lease, newest))
    return height >= halfUsed + rank(newest.round) * rankBlocks(rules) ? 'renew' : null
  if (height <= votesUntil(lease, rules)) return height >= idleFrom(lease, rules) ? 'idle' : null
  if (height < claimsFrom(lease, rules)) return null
  const claimed = lease.claims.get(self)
  return claimed === undefined || saysLess(claimed, newest?.round ?? 0, holds) ? 'claim' : null
}

/** A claim that was made before its author had more: the last one counts, and the base depends on how many hold it. */
function saysLess(claimed: Claim, round: number, holds: boolean): boolean {
  const known = claimed.newest?.round ?? 0
  return known < round || (known === round && holds && !claimed.holds)
}

/** What a member posted last: the height, the lease that it was for, and what it was. */
export interface Posted {
  readonly height: number
  readonly lease: number
  readonly what: string
}

/** The same may still come into a block: it is not posted again. */
export function isUnderWay(last: Posted | null, now: Posted): boolean {
  return (
    last !== null && last.lease === now.lease && last.what === now.what && now.height < last.height + PATIENCE_BLOCKS
  )
}

/** Three quarters of the lease are used: rounds that take long had their time. */
function idleFrom({ renewedAt }: StageLease, { leaseBlocks }: LeaseRules): number {
  return renewedAt + Math.ceil((3 * leaseBlocks) / 4)
}

function rankBlocks({ leaseBlocks }: LeaseRules): number {
  return Math.max(MIN_RANK_BLOCKS, Math.floor(leaseBlocks / RANKS_A_LEASE))
}
