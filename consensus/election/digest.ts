import { encode } from '../../protocols/wire/cbor.ts'
import { smallHash } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'

/** What draws are hashed from: SHA-256 of the canonical DAG-CBOR of a list, so no two lists share an encoding. */
export function hashList(list: readonly unknown[]): Hash {
  return smallHash(encode(list))
}
