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
  return lookAt(have).byAuthor
}

/** What a look at a HAVE gives. It comes by itself and beside proposals, and where many replicas are simulated to each of them. */
interface Looked {
  readonly byAuthor: ReadonlyMap<PeerName, Held>
  /** Bits set in all bitmaps. */
  readonly count: number
  /** Where it was found to have no fault. */
  soundIn: Pick<RoundContext, 'group' | 'partitions'> | null
}

const LOOKED = new WeakMap<Have, Looked>()

function lookAt(have: Have): Looked {
  const known = LOOKED.get(have)
  if (known !== undefined) return known
  let count = 0
  for (const { bitmap } of have.held) for (let byte of bitmap) for (; byte > 0; byte &= byte - 1) count++
  const looked = { byAuthor: new Map(have.held.map(one => [one.author, one])), count, soundIn: null }
  LOOKED.set(have, looked)
  return looked
}

/** Is every partition of this commitment acknowledged by f + 1 of its candidates? */
export function isAvailable(
  candidates: readonly (readonly PeerName[])[],
  faults: number,
  holdings: Holdings,
  commit: SealedCommit,
): boolean {
  for (let partition = 0; partition < candidates.length; partition++) {
    if (!isHeldByMore(candidates[partition]!, faults, holdings, commit, partition)) return false
  }
  return true
}

/** Asked of every commitment after every HAVE: whether it is more is known long before the last one is looked at. */
function isHeldByMore(
  candidates: readonly PeerName[],
  faults: number,
  holdings: Holdings,
  commit: SealedCommit,
  partition: number,
): boolean {
  let missing = faults + 1
  for (let at = 0; missing > 0 && at + missing <= candidates.length; at++) {
    if (holds(holdings, candidates[at]!, commit, partition)) missing--
  }
  return missing === 0
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
export function haveFault({ group, partitions }: RoundContext, have: Have): string | null {
  const looked = lookAt(have)
  if (looked.soundIn?.group === group && looked.soundIn.partitions === partitions) return null
  const bytes = bitmapBytes(partitions)
  for (const { author, bitmap } of have.held) {
    if (seatIndex(group, author) < 0) return `${author} has no seat`
    if (bitmap.byteLength !== bytes) return `a bitmap of ${bitmap.byteLength} bytes where ${bytes} are due`
  }
  looked.soundIn = { group, partitions }
  return null
}

/** HAVEs are cumulative, so the fuller one is the newer one. */
export function heldCount(have: Have): number {
  return lookAt(have).count
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
