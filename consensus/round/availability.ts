/**
 * A commitment is available when every partition is held by f + 1 of its 2f + 1 candidates: then one honest peer holds and
 * has checked it, and every honest peer can compute with it. The leader selects by this and everybody checks by this.
 */
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Have, PeerName, SealedCommit, Signed } from '../../protocols/wire/messages.ts'
import { seatIndex } from '../election/group.ts'
import type { RoundContext } from './types.ts'

/** Who acknowledged which partitions of which commitment: peer, then author and root, then bitmap. */
export type Holdings = ReadonlyMap<PeerName, ReadonlyMap<string, Uint8Array>>

export function holdingsOf(haves: Iterable<Signed<Have>>): Holdings {
  return new Map(Array.from(haves, ({ signer, payload }) => [signer, bitmapsOf(payload)]))
}

/** What one HAVE acknowledges, by author and root. */
export function bitmapsOf(have: Have): ReadonlyMap<string, Uint8Array> {
  const known = BITMAPS.get(have)
  if (known !== undefined) return known
  const bitmaps = new Map(have.held.map(held => [commitKey(held), held.bitmap]))
  BITMAPS.set(have, bitmaps)
  return bitmaps
}

/** A HAVE comes by itself and beside proposals. */
const BITMAPS = new WeakMap<Have, ReadonlyMap<string, Uint8Array>>()

function commitKey({ author, root }: SealedCommit): string {
  return `${author}/${hashHex(root)}`
}

/** Is every partition of this commitment acknowledged by f + 1 of its candidates? */
export function isAvailable(
  candidates: readonly (readonly PeerName[])[],
  faults: number,
  holdings: Holdings,
  commit: SealedCommit,
): boolean {
  const key = commitKey(commit)
  return candidates.every((peers, partition) => {
    let holders = 0
    for (const peer of peers) if (hasBit(holdings.get(peer)?.get(key), partition)) holders++
    return holders > faults
  })
}

/** Candidates of a partition that acknowledged it, in rank order. */
export function holdersOf(
  candidates: readonly PeerName[],
  holdings: Holdings,
  commit: SealedCommit,
  partition: number,
): PeerName[] {
  const key = commitKey(commit)
  return candidates.filter(peer => hasBit(holdings.get(peer)?.get(key), partition))
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
