/** Headers and answers of the state protocol and their bounds; README.md shows them as prose. */
import { decodeStrict } from '../wire/cbor.ts'
import { CERTIFICATE_MAX_BYTES, HASH_BYTES, MAX_PARTITIONS, MAX_STAGES } from '../wire/constants.ts'
import { arrayOf, bytes, integer, isMap, nullable, object, oneOf, type Rule } from '../wire/fields.ts'
import type { Message } from '../wire/frames/types.ts'
import { hash } from '../wire/message-fields.ts'
import type { Hash } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { MAX_CERTIFICATES, MAX_CHECKPOINTS, MAX_CHUNKS, PAGE_MAX_BYTES, SNAPSHOT_CHUNK_BYTES } from './constants.ts'
import type { CertificateRange, SnapshotManifest, StateStatus } from './types.ts'

interface InRound {
  readonly stage: number
  readonly round: number
}

export interface StatusHeader {
  readonly type: 'status'
}
export interface CertificatesHeader extends CertificateRange {
  readonly type: 'certificates'
}
/** Hashes of the aggregated partitions. */
export interface LeavesHeader extends InRound {
  readonly type: 'leaves'
}
export interface PartitionHeader extends InRound {
  readonly type: 'partition'
  readonly partition: number
}
/** Length and chunk hashes of a snapshot. */
export interface ManifestHeader extends InRound {
  readonly type: 'manifest'
}
export interface ChunkHeader extends InRound {
  readonly type: 'chunk'
  readonly index: number
}

/** Which checkpoints of a stage that is not its own does it keep? */
export interface CheckpointsHeader {
  readonly type: 'checkpoints'
  readonly stage: number
}

export type StateHeader =
  | StatusHeader
  | CertificatesHeader
  | LeavesHeader
  | PartitionHeader
  | ManifestHeader
  | ChunkHeader
  | CheckpointsHeader

const stage = integer(0, MAX_STAGES - 1)
const round = integer(0, Number.MAX_SAFE_INTEGER)

const RULES: { readonly [T in StateHeader['type']]: Rule } = {
  status: object<StatusHeader>({ type: oneOf('status') }),
  certificates: object<CertificatesHeader>({ type: oneOf('certificates'), stage, from: round, to: round }),
  leaves: object<LeavesHeader>({ type: oneOf('leaves'), stage, round }),
  partition: object<PartitionHeader>({
    type: oneOf('partition'),
    stage,
    round,
    partition: integer(0, MAX_PARTITIONS - 1),
  }),
  manifest: object<ManifestHeader>({ type: oneOf('manifest'), stage, round }),
  chunk: object<ChunkHeader>({ type: oneOf('chunk'), stage, round, index: integer(0, MAX_CHUNKS - 1) }),
  checkpoints: object<CheckpointsHeader>({ type: oneOf('checkpoints'), stage }),
}

const STATUS = object<StateStatus>({
  stage,
  round: integer(-1, Number.MAX_SAFE_INTEGER),
  link: hash,
  state: hash,
  snapshotRound: nullable(round),
})

const MANIFEST = object<{ bytes: number }>({ bytes: integer(1, MAX_CHUNKS * SNAPSHOT_CHUNK_BYTES) })
const CHECKPOINTS = object<{ rounds: readonly number[] }>({ rounds: arrayOf(round, MAX_CHECKPOINTS) })
const CERTIFICATES = arrayOf(bytes(1, CERTIFICATE_MAX_BYTES), MAX_CERTIFICATES)

/** The last certificate of a page may go beyond the page's limit. */
export const PAGE_BODY_MAX_BYTES = PAGE_MAX_BYTES + CERTIFICATE_MAX_BYTES

export function parseHeader(value: unknown): StateHeader | Refusal {
  const rule = isMap(value) ? Object.entries(RULES).find(([type]) => type === value['type'])?.[1] : undefined
  if (rule === undefined) return refuse('bad-encoding', 'not a header of this protocol')
  const wrong = rule(value, '')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isHeader(value) ? value : refuse('bad-encoding')
}

export function parseStatus({ header }: Message): StateStatus | Refusal {
  const wrong = STATUS(header, 'status')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isStatus(header) ? header : refuse('bad-encoding')
}

export function parseCertificates({ body }: Message): readonly Uint8Array[] | Refusal {
  const value = decodeStrict(body, { maxBytes: PAGE_BODY_MAX_BYTES })
  if (isRefusal(value)) return value
  const wrong = CERTIFICATES(value, 'certificates')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isList(value) ? value : refuse('bad-encoding')
}

/** Hashes back to back. */
export function parseLeaves({ body }: Message, maxLeaves: number): readonly Hash[] | Refusal {
  const count = body.length / HASH_BYTES
  if (!Number.isInteger(count) || count > maxLeaves) return refuse('out-of-bounds', `${body.length} bytes of hashes`)
  return Array.from({ length: count }, (_, index) => body.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES))
}

/** Rounds, the newest first as far as the peer tells. */
export function parseCheckpoints({ header }: Message): readonly number[] | Refusal {
  const wrong = CHECKPOINTS(header, 'checkpoints')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return hasRounds(header) ? header.rounds : refuse('bad-encoding')
}

export function parseManifest(message: Message): Omit<SnapshotManifest, 'round'> | Refusal {
  const wrong = MANIFEST(message.header, 'manifest')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  const leaves = parseLeaves(message, MAX_CHUNKS)
  if (isRefusal(leaves)) return leaves
  if (!isManifest(message.header)) return refuse('bad-encoding')
  const { bytes: length } = message.header
  if (Math.ceil(length / SNAPSHOT_CHUNK_BYTES) !== leaves.length) return refuse('out-of-bounds', 'not one hash a chunk')
  return { bytes: length, leaves }
}

/** These type values that kept their rule, which the compiler cannot see. */
function isHeader(value: unknown): value is StateHeader {
  return isMap(value)
}

function isStatus(value: unknown): value is StateStatus {
  return isMap(value)
}

function hasRounds(value: unknown): value is { rounds: readonly number[] } {
  return isMap(value)
}

function isManifest(value: unknown): value is { bytes: number } {
  return isMap(value)
}

function isList(value: unknown): value is readonly Uint8Array[] {
  return Array.isArray(value)
}
