/**
 * Merkle trees of RFC 6962, section 2.1, except that the leaves are hashes already (of partitions), so a leaf is not hashed
 * again with the prefix 0x00. Safe because the number of leaves is always known from elsewhere: no inner node passes for a leaf.
 */
import { HASH_BYTES } from './constants.ts'
import type { SmallHash } from './environment.ts'
import { equalBytes } from './hash.ts'
import type { Hash } from './messages.ts'

const NODE_PREFIX = 1

/** Root over `leaves` (32 bytes each), in order; of none: SHA-256 of nothing. */
export function merkleRoot(leaves: readonly Hash[], hash: SmallHash): Hash {
  return leaves.length === 0 ? hash(new Uint8Array(0)) : subtreeRoot(leaves, 0, leaves.length, hash)
}

/** The siblings from the leaf at `index` up to the root (RFC 6962, section 2.1.1); a RangeError for no such leaf. */
export function merkleProof(leaves: readonly Hash[], index: number, hash: SmallHash): Hash[] {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
    throw new RangeError(`no leaf ${index} of ${leaves.length}`)
  const proof: Hash[] = []
  let from = 0
  let to = leaves.length
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    const left = index < middle
    proof.push(left ? subtreeRoot(leaves, middle, to, hash) : subtreeRoot(leaves, from, middle, hash))
    if (left) to = middle
    else from = middle
  }
  return proof.reverse()
}

/** True where `leaf` stands at `index` of `count` leaves under `root`. Any input is allowed, nothing throws. */
export function verifyProof(
  root: Hash,
  leaf: Hash,
  index: number,
  count: number,
  proof: readonly Hash[],
  hash: SmallHash,
): boolean {
  if (!Number.isSafeInteger(count) || !Number.isInteger(index) || index < 0 || index >= count) return false
  if (leaf.byteLength !== HASH_BYTES || proof.some(sibling => sibling.byteLength !== HASH_BYTES)) return false
  const sides = pathSides(index, count)
  if (sides.length !== proof.length) return false
  const computed = sides.reduce((node, side, level) => {
    const sibling = proof[level]!
    return side === 'left' ? parentOf(node, sibling, hash) : parentOf(sibling, node, hash)
  }, leaf)
  return equalBytes(computed, root)
}

/** On which side of its parent each node of the path lies, from the leaf up. */
function pathSides(index: number, count: number): ('left' | 'right')[] {
  const sides: ('left' | 'right')[] = []
  let from = 0
  let to = count
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    const left = index < middle
    sides.push(left ? 'left' : 'right')
    if (left) to = middle
    else from = middle
  }
  return sides.reverse()
}

/** Depth is at most 17 for 65,536 leaves, so recursion is safe. */
function subtreeRoot(leaves: readonly Hash[], from: number, to: number, hash: SmallHash): Hash {
  if (to - from === 1) return leaves[from]!
  const middle = from + splitOf(to - from)
  return parentOf(subtreeRoot(leaves, from, middle, hash), subtreeRoot(leaves, middle, to, hash), hash)
}

/** The largest power of two below `count`. */
function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

function parentOf(left: Hash, right: Hash, hash: SmallHash): Hash {
  const node = new Uint8Array(1 + 2 * HASH_BYTES)
  node[0] = NODE_PREFIX
  node.set(left, 1)
  node.set(right, 1 + HASH_BYTES)
  return hash(node)
}
