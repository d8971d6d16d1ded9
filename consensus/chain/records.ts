/** Which remarks claim to be records: told by their first bytes, so that a reader decodes only what may be one. */
import { encode } from '@ipld/dag-cbor'
import type { ContentId } from '../../protocols/wire/messages.ts'
import { RECORD_KINDS, RECORD_LIMIT_BYTES } from './constants.ts'
import type { RecordKind } from './types.ts'

/** The first byte of a DAG-CBOR map of so many keys. In its order `run` and `kind` come first, whatever follows. */
const MAPS: Readonly<Record<RecordKind, number>> = {
  changes: 0xa4,
  renewal: 0xa4,
  claim: 0xa5,
  checkpoint: 0xa4,
  speeds: 0xa4,
}

const KINDS: readonly RecordKind[] = ['changes', 'renewal', 'claim', 'checkpoint', 'speeds']

/** The first bytes of every record of `run` of this kind. */
export function recordPrefix(run: ContentId, kind: RecordKind): Uint8Array {
  return Uint8Array.of(MAPS[kind], ...encode('run'), ...encode(run), ...encode('kind'), ...encode(RECORD_KINDS[kind]))
}

/** The kind as which the remark begins, if it is a record of `run` and short enough. */
export function recordKind(remark: Uint8Array, run: ContentId): RecordKind | null {
  if (remark.length > RECORD_LIMIT_BYTES) return null
  const begins = (kind: RecordKind) => recordPrefix(run, kind).every((byte, index) => remark[index] === byte)
  return KINDS.find(begins) ?? null
}
