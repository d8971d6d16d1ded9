/**
 * A commitment is available when every partition is held by f + 1 of its 2f + 1 candidates: then one honest peer holds and
 * has checked it, and every honest peer can compute with it. The leader selects by this and everybody checks by this.
 */
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Have, Held, PeerName, SealedCommit, Signed } from '../../protocols/wire/messages.ts'
import { seatIndex } from '../election/group.ts'
import type { RoundContext } from './types.ts'

/** Who acknowledged which partitions of which commitment: peer, then author. A HAVE names one root an author. */
export type Holdings = ReadonlyMap<PeerName, ReadonlyMap<PeerName, Held>>

export function holdingsOf(haves: Iterable<Signed<Have>>): Holdings {
  return new Map(Array.from(haves, ({ signer, payload }) => [signer, heldBy(payload)]))
}

/** What one HAVE acknowledges, by author. */
export function heldBy(have: Have): ReadonlyMap<PeerName, Held> {
  const known = HELD.get(have)
  if (known !== undefined) return known
  const held = new Map(have.held.map(one => [one.author, one]))
  HELD.set(have, held)
  return held
}

/** A HAVE comes by itself and beside proposals. */
const HELD = new WeakMap<Have, ReadonlyMap<PeerName, Held>>()

/** Is every partition of this commitment acknowledged by f + 1 of its candidates? */
export function isAvailable(
  candidates: readonly (readonly PeerName[])[],
  faults: number,
  holdings: Holdings,
  commit: SealedCommit,
): boolean {
  for (let partition = 0; partition < candidates.length; partition++) {
    let holders = 0
    for (const peer of candidates[partition]!) if (holds(holdings, peer, commit, partition)) holders++
    if (holders <= faults) return false
  }
  return true
}

/** Candidates of a partition that acknowledged it, in rank order. */
export function holdersOf(
  candidates: readonly PeerName[],
  holdings: Holdings,
  commit: SealedCommit,
  partition: number,
): PeerName[] {
  return candidates.filter(peer => holds(holdings, peer, commit, partition))
}

function holds(holdings: Holdings, peer: PeerName, { author, root }: SealedCommit, partition: number): boolean {
  const held = holdings.get(peer)?.get(author)
  return held !== undefined && hasBit(held.bitmap, partition) && equalBytes(held.root, root)
}

/** What is wrong with a HAVE, or null. */
export function haveFault(context: RoundContext, have: Have): string | null {
  const bytes = bitmapBytes(context.partitions)
  for (const { author, bitmap } of have.held) {
    if (seatIndex(context.group, author) < 0) return `${author} has no seat`
    if (bitmap.byteLength !== bytes) return `a bitmap of ${bitmap.byteLength} bytes where ${bytes} are due`
  }
  return null
}

/** Bits set in all bitmaps: HAVEs are cumulative, so the fuller one is the newer one. */
export function heldCount(have: Have): number {
  let count = 0
  for (const { bitmap } of have.held) for (let byte of bitmap) for (; byte > 0; byte &= byte - 1) count++
  return count
}

export function bitmapBytes(bits: number): number {
  return Math.ceil(bits / 8)
}

export function hasBit(bitmap: Uint8Array | undefined, bit: number): boolean {
  return (((bitmap?.[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1
}

export function setBit(bitmap: Uint8Array, bit: number): void {
  bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7))
}
