/**
 * The lease of a stage (README.md, "Lease"): its replicas vote only while their finalised height is at most A + L, A the
 * block of the stage's last anchor and L a number of blocks. So a stage that others may re-form through the chain cannot
 * go on beside it. Block numbers only: a chain that is away shows no new ones, and takes nobody's vote. Pure.
 */

/** How far a stage's lease is known here: a fold over its final anchors and over the finalised heights. */
export interface Lease {
  /** Last anchored round and the block that counts for it; null before the first anchor, when there is no lease to lose. */
  readonly anchor: { readonly round: number; readonly height: number; readonly isRenewal: boolean } | null
  /** Finalised height whose anchors are all known. */
  readonly height: number
}

export const NO_LEASE: Lease = { anchor: null, height: 0 }

/**
 * Takes a final anchor in. One that goes further in the history counts. One that does not renews a lease that has run out,
 * once: a stage that was stopped as a whole starts again by it, and a liar cannot hold up for good what a lapse lets begin.
 *
 * @param toRound - of an anchor of a member that does not contradict the own history, not beyond it
 */
export function noteAnchor(
  lease: Lease,
  { toRound, height }: { toRound: number; height: number },
  blocks: number,
): Lease {
  const { anchor } = lease
  if (anchor === null || toRound > anchor.round)
    return { ...lease, anchor: { round: toRound, height, isRenewal: false } }
  const renews = toRound === anchor.round && !anchor.isRenewal && height > anchor.height + blocks
  return renews ? { ...lease, anchor: { round: toRound, height, isRenewal: true } } : lease
}

/** All anchors in finalised blocks up to `height` were taken in. Heights do not go back. */
export function noteHeight(lease: Lease, height: number): Lease {
  return height > lease.height ? { ...lease, height } : lease
}

/** Last height at which a replica of the stage votes; null where the stage has no lease yet. */
export function leaseEnd({ anchor }: Lease, blocks: number): number | null {
  return anchor === null ? null : anchor.height + blocks
}

export function mayVote(lease: Lease, blocks: number): boolean {
  const end = leaseEnd(lease, blocks)
  return end === null || lease.height <= end
}
