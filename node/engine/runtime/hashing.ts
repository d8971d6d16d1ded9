/** SHA-256 of bulk data in the compute thread, natively. */
import { createHash, hash as hashAtOnce } from 'node:crypto'
import type { SmallHash } from '../../../protocols/wire/environment.ts'
import { merkleRoot } from '../../../protocols/wire/merkle.ts'
import type { Hash } from '../../../protocols/wire/messages.ts'

/** By way of a text of one character a byte: with the `Buffer` that it would make instead it takes twice as long. */
export const nativeHash: SmallHash = bytes => {
  const text = hashAtOnce('sha256', bytes, 'binary')
  const digest = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) digest[index] = text.charCodeAt(index)
  return digest
}

/**
 * Merkle root over SHA-256 of each `chunkBytes` of the parts' concatenation, without joining them.
 * @param parts back to back
 */
export function chunkedRoot(parts: readonly Uint8Array[], chunkBytes: number): Hash {
  return merkleRoot(chunkLeaves(parts, chunkBytes), nativeHash)
}

export function chunkLeaves(parts: readonly Uint8Array[], chunkBytes: number): Hash[] {
  const leaves: Hash[] = []
  let hash = createHash('sha256')
  let room = chunkBytes
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(room, part.length - at)
      hash.update(part.subarray(at, at + taken))
      at += taken
      room -= taken
      if (room > 0) continue
      leaves.push(plain(hash.digest()))
      hash = createHash('sha256')
      room = chunkBytes
    }
  }
  if (room < chunkBytes) leaves.push(plain(hash.digest()))
  return leaves
}

/** A `Buffer` from the pool must not be handed to another thread. */
function plain(digest: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(digest)
}
