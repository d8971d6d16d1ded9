/** Headers of the reduce protocol and their bounds; README.md shows them as prose. */
import { MAX_PARTITIONS } from '../wire/constants.ts'
import { integer, isMap, object, oneOf, type Rule } from '../wire/fields.ts'
import { hash, peerName, SCOPE } from '../wire/message-fields.ts'
import type { Hash, PeerName, Scope } from '../wire/messages.ts'
import { type Refusal, refuse } from '../wire/refusals.ts'

/** A partition of a commitment. */
export interface PartitionName {
  readonly scope: Scope
  readonly author: PeerName
  /** Root of the author's COMMIT. */
  readonly root: Hash
  readonly partition: number
}

/** A partition of the aggregate of a value. */
export interface AggregateName {
  readonly scope: Scope
  /** id(v). */
  readonly value: Hash
  readonly partition: number
  /** SHA-256 of the aggregated partition. */
  readonly hash: Hash
}

export interface ScatterHeader extends PartitionName {
  readonly type: 'scatter'
}

export interface PullHeader extends PartitionName {
  readonly type: 'pull'
}

export interface GatherHeader extends AggregateName {
  readonly type: 'gather'
}

export interface PullAggregateHeader extends AggregateName {
  readonly type: 'pull-aggregate'
}

export type ReduceHeader = ScatterHeader | PullHeader | GatherHeader | PullAggregateHeader

/** stored: checked and promised; held: waits for its COMMIT, promises nothing; found: the bytes are the body. */
export type ReduceStatus = 'stored' | 'held' | 'found'

const partition = integer(0, MAX_PARTITIONS - 1)
const PARTITION_FIELDS = { scope: SCOPE, author: peerName, root: hash, partition }
const AGGREGATE_FIELDS = { scope: SCOPE, value: hash, partition, hash }

const RULES: { readonly [T in ReduceHeader['type']]: Rule } = {
  scatter: object<ScatterHeader>({ type: oneOf('scatter'), ...PARTITION_FIELDS }),
  pull: object<PullHeader>({ type: oneOf('pull'), ...PARTITION_FIELDS }),
  gather: object<GatherHeader>({ type: oneOf('gather'), ...AGGREGATE_FIELDS }),
  'pull-aggregate': object<PullAggregateHeader>({ type: oneOf('pull-aggregate'), ...AGGREGATE_FIELDS }),
}

export function parseHeader(value: unknown): ReduceHeader | Refusal {
  const rule = isMap(value) ? Object.entries(RULES).find(([type]) => type === value['type'])?.[1] : undefined
  if (rule === undefined) return refuse('bad-encoding', 'not a header of this protocol')
  const wrong = rule(value, '')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  return isChecked(value) ? value : refuse('bad-encoding')
}

/** The status of an answer, where it is one of those that fit the request. */
export function parseStatus<S extends ReduceStatus>(value: unknown, ...allowed: readonly S[]): S | Refusal {
  const status = isMap(value) ? value['status'] : undefined
  return allowed.find(one => one === status) ?? refuse('bad-encoding', 'not an answer of this protocol')
}

/** The name alone, without the header's type. */
export function partitionNameOf({ scope, author, root, partition }: PartitionName): PartitionName {
  return { scope, author, root, partition }
}

export function aggregateNameOf({ scope, value, partition, hash }: AggregateName): AggregateName {
  return { scope, value, partition, hash }
}

/** Types a value that kept the rule of its type, which the compiler cannot see. */
function isChecked(value: unknown): value is ReduceHeader {
  return isMap(value)
}
