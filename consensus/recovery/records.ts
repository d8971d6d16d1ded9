/** Renewals, claims and checkpoints as they stand on the chain (README.md, "Records"). */
import { decodeStrict, encode } from '../../protocols/wire/cbor.ts'
import {
  type CertifiedValue,
  type CertifyingGroup,
  checkOutcomes,
  OUTCOME_ENVELOPES,
  type ValueWithOutcomes,
  verifyOutcomes,
} from '../../protocols/wire/certificate.ts'
import { MAX_STAGES } from '../../protocols/wire/constants.ts'
import { boolean, integer, isMap, nullable, object, oneOf } from '../../protocols/wire/fields.ts'
import { contentIdText, VALUE, valueRelation } from '../../protocols/wire/message-fields.ts'
import type { ContentId, Outcome, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { RECORD_KINDS, RECORD_LIMIT_BYTES } from '../chain/constants.ts'
import type { ShownRound } from './types.ts'

/** The newest certified round of a stage, as its lease is renewed by. */
export interface RenewalRecord {
  readonly kind: 'renewal'
  readonly stage: number
  readonly shown: ValueWithOutcomes
}

export interface ClaimRecord {
  readonly kind: 'claim'
  readonly stage: number
  readonly holds: boolean
  /** Null where the member knows of no certified round. */
  readonly newest: ValueWithOutcomes | null
}

/** A seat of the next stage keeps the state of this round. */
export interface CheckpointRecord {
  readonly kind: 'checkpoint'
  readonly stage: number
  readonly shown: ValueWithOutcomes
}

interface RenewalFields extends ValueWithOutcomes {
  readonly kind: typeof RECORD_KINDS.renewal
  readonly run: ContentId
}

interface CheckpointFields extends ValueWithOutcomes {
  readonly kind: typeof RECORD_KINDS.checkpoint
  readonly run: ContentId
}

interface ClaimFields {
  readonly kind: typeof RECORD_KINDS.claim
  readonly run: ContentId
  readonly stage: number
  readonly holds: boolean
  readonly newest: ValueWithOutcomes | null
}

const SHOWN = { value: VALUE, outcomes: OUTCOME_ENVELOPES }
const RENEWAL = object<RenewalFields>({ kind: oneOf(RECORD_KINDS.renewal), run: contentIdText, ...SHOWN })
const CHECKPOINT = object<CheckpointFields>({ kind: oneOf(RECORD_KINDS.checkpoint), run: contentIdText, ...SHOWN })
const CLAIM = object<ClaimFields>({
  kind: oneOf(RECORD_KINDS.claim),
  run: contentIdText,
  stage: integer(0, MAX_STAGES - 1),
  holds: boolean,
  newest: nullable(object<ValueWithOutcomes>(SHOWN)),
})

/** Bytes for `Chain.postRecord`. A certificate will do. */
export function encodeRenewal({ value, outcomes }: ValueWithOutcomes): Uint8Array {
  return encode({ kind: RECORD_KINDS.renewal, run: value.scope.run, value, outcomes })
}

/** Bytes for `Chain.postRecord`. A certificate will do. */
export function encodeCheckpoint({ value, outcomes }: ValueWithOutcomes): Uint8Array {
  return encode({ kind: RECORD_KINDS.checkpoint, run: value.scope.run, value, outcomes })
}

/** Bytes for `Chain.postRecord`. */
export function encodeClaim(run: ContentId, { stage, holds, newest }: Omit<ClaimRecord, 'kind'>): Uint8Array {
  const shown = newest === null ? null : { value: newest.value, outcomes: newest.outcomes }
  return encode({ kind: RECORD_KINDS.claim, run, stage, holds, newest: shown })
}

/** Checks bounds, run and stage; `value.scope` then says whose group `verifyShown` needs. */
export function decodeStageRecord(
  bytes: Uint8Array,
  run: ContentId,
): RenewalRecord | ClaimRecord | CheckpointRecord | Refusal {
  const decoded = decodeStrict(bytes, { maxBytes: RECORD_LIMIT_BYTES })
  if (isRefusal(decoded)) return decoded
  if (isRenewal(decoded) || isCheckpoint(decoded)) {
    const { value, outcomes } = decoded
    const kind = isRenewal(decoded) ? 'renewal' : 'checkpoint'
    const record = { kind, stage: value.scope.stage, shown: { value, outcomes } } as const
    return shownFault(record.shown, decoded.run, run) ?? record
  }
  if (!isClaim(decoded)) return refuse('out-of-bounds', 'neither a renewal nor a claim nor a checkpoint')
  const { stage, holds, newest } = decoded
  if (decoded.run !== run) return refuse('wrong-run')
  const wrong = newest === null ? null : shownFault(newest, decoded.run, run)
  if (wrong !== null) return wrong
  if (newest !== null && newest.value.scope.stage !== stage) return refuse('wrong-stage')
  return { kind: 'claim', stage, holds, newest }
}

/** That Q seats of the group certified it; the group is that of the value's stage and epoch. */
export async function verifyShown(shown: ValueWithOutcomes, group: CertifyingGroup): Promise<ShownRound | Refusal> {
  const certified = await verifyOutcomes(shown, group)
  return isRefusal(certified) ? certified : shownRound(certified)
}

/** The same of envelopes that are opened already, in the record's order: whoever signed them. Pure. */
export function checkShown(
  shown: ValueWithOutcomes,
  outcomes: readonly Signed<Outcome>[],
  group: CertifyingGroup,
): ShownRound | Refusal {
  const certified = checkOutcomes(shown, outcomes, group)
  return isRefusal(certified) ? certified : shownRound(certified)
}

export function shownRound({
  value,
  valueId,
  outcome,
  outcomeHash,
}: Pick<CertifiedValue, 'value' | 'valueId' | 'outcome' | 'outcomeHash'>): ShownRound {
  const { scope, parent, reference } = value
  const { round, epoch } = scope
  const ids = { value: valueId, outcome: outcomeHash, parent }
  return { round, epoch, ...ids, referenceHeight: reference.height, isCheckpoint: outcome.fullRoot !== null }
}

function shownFault({ value }: ValueWithOutcomes, named: ContentId, run: ContentId): Refusal | null {
  if (named !== run || value.scope.run !== run) return refuse('wrong-run')
  const unrelated = valueRelation(value)
  return unrelated === null ? null : refuse('out-of-bounds', unrelated)
}

function isRenewal(value: unknown): value is RenewalFields {
  return isMap(value) && RENEWAL(value, '') === null
}

function isCheckpoint(value: unknown): value is CheckpointFields {
  return isMap(value) && CHECKPOINT(value, '') === null
}

function isClaim(value: unknown): value is ClaimFields {
  return isMap(value) && CLAIM(value, '') === null
}
