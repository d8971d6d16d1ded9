/** Headers of the agreement protocol and their bounds; README.md shows them as prose. */
import { decodeStrict } from '../wire/cbor.ts'
import { ENVELOPE_OVERHEAD_BYTES, MAX_PARTITIONS, MAX_SEATS, MAX_STAGES } from '../wire/constants.ts'
import { arrayOf, boolean, bytes, integer, isMap, nullable, object, oneOf, type Rule } from '../wire/fields.ts'
import { hash, peerName, SCOPE } from '../wire/message-fields.ts'
import type { Hash, SealedCommit } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { MESSAGES } from '../wire/table.ts'
import {
  ANSWER_MAX_BYTES,
  BATCH_MAX_MESSAGES,
  MAX_ATTACHMENTS,
  MAX_CERTIFICATES,
  MESSAGE_MAX_BYTES,
} from './constants.ts'
import type { CertificateRange, CommitQuery } from './types.ts'

/** A parcel as it travels. */
export interface SentParcel {
  readonly envelope: Uint8Array
  readonly attachments: readonly Uint8Array[]
}

export interface MessagesHeader {
  readonly type: 'messages'
  /** "I have nothing of yours": the receiver sends again what it still keeps for the sender. */
  readonly fresh: boolean
  /** The batch; null where the body holds it. */
  readonly parcels: readonly SentParcel[] | null
}

export interface CertificateHeader {
  readonly type: 'certificate'
  /** Hashes of the aggregated partitions; null for SKIP or where unknown. */
  readonly hashes: readonly Hash[] | null
}

export interface CertificatesHeader extends CertificateRange {
  readonly type: 'certificates'
}

export interface CommitsHeader extends CommitQuery {
  readonly type: 'commits'
}

/** What do you hold that the asker signed? */
export interface SignaturesHeader {
  readonly type: 'signatures'
}

export type AgreementHeader = MessagesHeader | CertificateHeader | CertificatesHeader | CommitsHeader | SignaturesHeader

/** The longest envelope of this protocol is a COMMIT. */
const ENVELOPE: Rule = bytes(1, MESSAGES.commit.maxBytes + ENVELOPE_OVERHEAD_BYTES)
const PARCEL = object<SentParcel>({ envelope: ENVELOPE, attachments: arrayOf(ENVELOPE, MAX_ATTACHMENTS) })
const PARCELS = arrayOf(PARCEL, BATCH_MAX_MESSAGES)
const round = integer(0, Number.MAX_SAFE_INTEGER)
const SEALED = object<SealedCommit>({ author: peerName, root: hash })

const RULES: { readonly [T in AgreementHeader['type']]: Rule } = {
  messages: object<MessagesHeader>({ type: oneOf('messages'), fresh: boolean, parcels: nullable(PARCELS) }),
  certificate: object<CertificateHeader>({
    type: oneOf('certificate'),
    hashes: nullable(arrayOf(hash, MAX_PARTITIONS)),
  }),
  certificates: object<CertificatesHeader>({
    type: oneOf('certificates'),
    stage: integer(0, MAX_STAGES - 1),
    from: round,
    to: round,
  }),
  commits: object<CommitsHeader>({ type: oneOf('commits'), scope: SCOPE, missing: arrayOf(SEALED, MAX_SEATS, 1) }),
  signatures: object<SignaturesHeader>({ type: oneOf('signatures') }),
}

export function parseHeader(value: unknown): AgreementHeader | Refusal {
  const rule = isMap(value) ? Object.entries(RULES).find(([type]) => type === value['type'])?.[1] : undefined
  if (rule === undefined) return refuse('bad-encoding', 'not a header of this protocol')
  const wrong = rule(value, '')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isHeader(value) ? value : refuse('bad-encoding')
}

/** The parcels of a batch that travelled as body. */
export function parseParcels(body: Uint8Array): readonly SentParcel[] | Refusal {
  const value = decodeStrict(body, { maxBytes: MESSAGE_MAX_BYTES })
  if (isRefusal(value)) return value
  const wrong = PARCELS(value, 'parcels')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isParcels(value) ? value : refuse('bad-encoding')
}

/** The certificates or envelopes of an answer. */
export function parseList(body: Uint8Array): readonly Uint8Array[] | Refusal {
  const value = decodeStrict(body, { maxBytes: ANSWER_BODY_MAX_BYTES })
  if (isRefusal(value)) return value
  const wrong = LIST(value, 'list')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isList(value) ? value : refuse('bad-encoding')
}

/** The last item that is added may go beyond. */
export const ANSWER_BODY_MAX_BYTES = ANSWER_MAX_BYTES + MESSAGE_MAX_BYTES

const LIST = arrayOf(bytes(1, MESSAGE_MAX_BYTES), Math.max(MAX_CERTIFICATES, MAX_SEATS))

/** These type values that kept their rule, which the compiler cannot see. */
function isHeader(value: unknown): value is AgreementHeader {
  return isMap(value)
}

function isParcels(value: unknown): value is readonly SentParcel[] {
  return Array.isArray(value)
}

function isList(value: unknown): value is readonly Uint8Array[] {
  return Array.isArray(value)
}
