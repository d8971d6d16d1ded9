/** Which remarks claim to be records of changes: told by their first bytes, so that a reader decodes only what may be one. */
import { encode } from '@ipld/dag-cbor'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { CHANGES_KIND, CHANGES_LIMIT_BYTES } from './constants.ts'

/** The keys of a record in DAG-CBOR's order: run and kind come first, whatever follows. */
const MAP_OF_FOUR = 0xa4

/** The first bytes of every record of `run`. */
export function changesPrefix(run: ContentId): Uint8Array {
  return Uint8Array.of(MAP_OF_FOUR, ...encode('run'), ...encode(run), ...encode('kind'), ...encode(CHANGES_KIND))
}

/** Does the remark begin as a record of changes of `run` does, and is it short enough? */
export function claimsChanges(remark: Uint8Array, run: ContentId): boolean {
  if (remark.length > CHANGES_LIMIT_BYTES) return false
  return changesPrefix(run).every((byte, index) => remark[index] === byte)
}
