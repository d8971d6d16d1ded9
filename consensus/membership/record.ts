/** The certificate of a round that decided changes, as it stands on the chain: without the COMMITs (README.md, "Acting"). */
import { decodeStrict, encode } from '../../protocols/wire/cbor.ts'
import {
  type CertifiedValue,
  type CertifyingGroup,
  checkOutcomes,
  OUTCOME_ENVELOPES,
  type ValueWithOutcomes,
  verifyOutcomes,
} from '../../protocols/wire/certificate.ts'
import { isMap, object, oneOf } from '../../protocols/wire/fields.ts'
import { contentIdText, VALUE, valueRelation } from '../../protocols/wire/message-fields.ts'
import type { ContentId, Outcome, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { RECORD_KINDS, RECORD_LIMIT_BYTES } from '../chain/constants.ts'
import type { DecidedChanges } from './types.ts'

/** What a record holds besides its run, which is also in the value's scope. `outcomes` are Q envelopes, sorted by signer. */
export type ChangesRecord = ValueWithOutcomes

interface Fields extends ChangesRecord {
  readonly kind: typeof RECORD_KINDS.changes
  readonly run: ContentId
}

const FIELDS = object<Fields>({
  kind: oneOf(RECORD_KINDS.changes),
  run: contentIdText,
  value: VALUE,
  outcomes: OUTCOME_ENVELOPES,
})

/** Bytes for `Chain.postRecord`, at most `RECORD_LIMIT_BYTES`: whatever 256 seats decide fits. A certificate will do. */
export function encodeRecord({ value, outcomes }: ChangesRecord): Uint8Array {
  return encode({ kind: RECORD_KINDS.changes, run: value.scope.run, value, outcomes })
}

/** Checks bounds and the run; `value.scope` then says whose group `verifyRecord` needs. */
export function decodeRecord(bytes: Uint8Array, run: ContentId): ChangesRecord | Refusal {
  const decoded = decodeStrict(bytes, { maxBytes: RECORD_LIMIT_BYTES })
  if (isRefusal(decoded)) return decoded
  if (!isRecord(decoded)) return refuse('out-of-bounds', `record: ${FIELDS(decoded, '') ?? 'not a map'}`)
  const { value, outcomes } = decoded
  if (decoded.run !== run || value.scope.run !== run) return refuse('wrong-run')
  const unrelated = valueRelation(value)
  return unrelated === null ? { value, outcomes } : refuse('out-of-bounds', unrelated)
}

/** The changes that Q seats of the group certified. That each was proven they vouch for. */
export async function verifyRecord(record: ChangesRecord, group: CertifyingGroup): Promise<DecidedChanges | Refusal> {
  const certified = await verifyOutcomes(record, group)
  return isRefusal(certified) ? certified : decidedBy(certified)
}

/** The same of envelopes that are opened already, in the record's order: whoever signed them. Pure. */
export function checkRecord(
  record: ChangesRecord,
  outcomes: readonly Signed<Outcome>[],
  group: CertifyingGroup,
): DecidedChanges | Refusal {
  const certified = checkOutcomes(record, outcomes, group)
  return isRefusal(certified) ? certified : decidedBy(certified)
}

function decidedBy({ value: { scope, changes } }: CertifiedValue): DecidedChanges | Refusal {
  if (changes.length === 0) return refuse('out-of-bounds', 'a record without changes')
  return { stage: scope.stage, round: scope.round, epoch: scope.epoch, changes }
}

function isRecord(value: unknown): value is Fields {
  return isMap(value) && FIELDS(value, '') === null
}
