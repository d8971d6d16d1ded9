/** The root in SETTLED: a hash chain over the backward headers of the settled micro-batches, in order of settlement. */
import { concatBytes, smallHash, ZERO_HASH } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'

/**
 * SHA-256 of the root before and the SHA-256 of the newest backward header's envelope. The first root is all zero.
 * @param header - null where a model of one stage has no backward header; chained as zeros
 */
export function chainRoot(root: Hash, header: Hash | null): Hash {
  return smallHash(concatBytes([root, header ?? ZERO_HASH]))
}
