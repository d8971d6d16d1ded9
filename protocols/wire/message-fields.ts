/** Bounds of the fields of every signed payload; `table.ts` says which belongs to which message. */
import {
  HASH_BYTES,
  MAX_ADDRESS_CHARACTERS,
  MAX_ADDRESSES,
  MAX_PARTITIONS,
  MAX_SEATS,
  MAX_STAGES,
  MAX_TRACE,
  PROTOCOL_VERSION,
} from './constants.ts'
import { arrayOf, boolean, bytes, either, integer, nullable, object, oneOf, type Rule, text } from './fields.ts'
import { compareText, equalBytes } from './hash.ts'
import type {
  Aggregate,
  Boundary,
  Change,
  Commit,
  Have,
  Held,
  Idle,
  Leave,
  Outcome,
  Pause,
  Precommit,
  Prevote,
  Proposal,
  Scope,
  SealedCommit,
  Settled,
  StageRecord,
  TraceEntry,
  Value,
} from './messages.ts'

/** Views of one round: each waits longer than the one before, so no honest stage comes near. */
const MAX_VIEW = 2 ** 20
/** Epochs, rounds, heights, sequences, tokens. */
const counter = integer(0, Number.MAX_SAFE_INTEGER)
const stage = integer(0, MAX_STAGES - 1)
const partition = integer(0, MAX_PARTITIONS - 1)
const view = integer(0, MAX_VIEW)
const validView = integer(-1, MAX_VIEW)

export const hash: Rule = bytes(HASH_BYTES)
/** An Ed25519 peer id: identity multihash of the 36-byte key, in base58. */
export const peerName: Rule = text(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/, 'the id of an Ed25519 peer')
/** CIDv1, raw or dag-cbor, sha2-256, base32. */
export const contentIdText: Rule = text(/^baf(kr|yr)ei[a-z2-7]{52}$/, 'a CIDv1 with SHA-256 in base32')
const encoding = oneOf('f32', 'bf16', 'int8')

export const SCOPE = object<Scope>({
  version: integer(PROTOCOL_VERSION, PROTOCOL_VERSION),
  genesis: hash,
  run: contentIdText,
  epoch: counter,
  group: hash,
  stage,
  round: counter,
})

const TRACE_ENTRY = object<TraceEntry>({ source: peerName, sequence: counter, path: arrayOf(peerName, MAX_STAGES) })

export const COMMIT = object<Commit>({
  kind: oneOf('commit'),
  scope: SCOPE,
  root: hash,
  leaves: arrayOf(hash, MAX_PARTITIONS, 1),
  encoding,
  count: integer(1, MAX_TRACE),
  tokens: counter,
  lossSumMicronats: counter,
  trace: arrayOf(TRACE_ENTRY, MAX_TRACE),
})

export const IDLE = object<Idle>({ kind: oneOf('idle'), scope: SCOPE })

const HELD = object<Held>({ author: peerName, root: hash, bitmap: bytes(1, MAX_PARTITIONS / 8) })

export const HAVE = object<Have>({ kind: oneOf('have'), scope: SCOPE, held: arrayOf(HELD, MAX_SEATS) })

const CHANGE = object<Change>({
  peer: peerName,
  act: oneOf('admit', 'remove-absent', 'remove-left', 'remove-proven', 'pause'),
})

const SEALED_COMMIT = object<SealedCommit>({ author: peerName, root: hash })

export const VALUE = object<Value>({
  scope: SCOPE,
  parent: object<Value['parent']>({ value: hash, outcome: hash }),
  reference: object<Value['reference']>({ height: counter, hash }),
  commits: either(oneOf('skip'), arrayOf(SEALED_COMMIT, MAX_SEATS, 1)),
  changes: arrayOf(CHANGE, MAX_SEATS),
})

export const PROPOSAL = object<Proposal>({ kind: oneOf('propose'), scope: SCOPE, view, validView, value: VALUE })
export const PREVOTE = object<Prevote>({ kind: oneOf('prevote'), scope: SCOPE, view, validView, value: nullable(hash) })
export const PRECOMMIT = object<Precommit>({
  kind: oneOf('precommit'),
  scope: SCOPE,
  view,
  validView,
  value: nullable(hash),
})
export const AGGREGATE = object<Aggregate>({ kind: oneOf('aggregate'), scope: SCOPE, value: hash, partition, hash })

export const OUTCOME = object<Outcome>({
  kind: oneOf('outcome'),
  scope: SCOPE,
  value: hash,
  aggregateRoot: hash,
  state: hash,
  fullRoot: nullable(hash),
  heard: bytes(1, MAX_SEATS / 8),
})

export const SETTLED = object<Settled>({ kind: oneOf('settled'), scope: SCOPE, count: counter, root: hash })

export const BOUNDARY = object<Boundary>({
  kind: oneOf('boundary'),
  scope: SCOPE,
  source: peerName,
  sequence: counter,
  direction: oneOf('forward', 'backward'),
  parent: hash,
  content: hash,
})

export const LEAVE = object<Leave>({ kind: oneOf('leave'), scope: SCOPE })

export const PAUSE = object<Pause>({ kind: oneOf('pause'), scope: SCOPE })

export const STAGE_RECORD = object<StageRecord>({
  kind: oneOf('record'),
  run: contentIdText,
  stage,
  sequence: counter,
  addresses: arrayOf(
    text(new RegExp(`^/[\\x21-\\x7e]{1,${MAX_ADDRESS_CHARACTERS - 1}}$`), 'a multiaddr in text form'),
    MAX_ADDRESSES,
  ),
  ephemeral: boolean,
})

/** Null where the texts rise strictly, so that they are sorted and distinct. */
export function sorted(texts: readonly string[], what: string): string | null {
  for (let index = 1; index < texts.length; index++) {
    if (compareText(texts[index - 1]!, texts[index]!) >= 0) return `${what} must be sorted by peer, each once`
  }
  return null
}

/** What holds between the fields of a value, wherever it stands. */
export function valueRelation({ commits, changes }: Value): string | null {
  const sealed = commits === 'skip' ? [] : commits.map(commit => commit.author)
  const changed = changes.map(change => change.peer)
  return sorted(sealed, 'commits') ?? sorted(changed, 'changes')
}

export function proposalRelation(proposal: Proposal): string | null {
  if (proposal.validView >= proposal.view) return 'validView must be below view'
  if (!sameScope(proposal.scope, proposal.value.scope)) return 'the value must have the scope of its proposal'
  return valueRelation(proposal.value)
}

export function prevoteRelation(prevote: Prevote): string | null {
  if (prevote.validView >= prevote.view) return 'validView must be below view'
  return prevote.value === null && prevote.validView !== -1 ? 'validView must be -1 with nil' : null
}

export function sameScope(a: Scope, b: Scope): boolean {
  return (
    a.version === b.version &&
    a.run === b.run &&
    a.epoch === b.epoch &&
    a.stage === b.stage &&
    a.round === b.round &&
    equalBytes(a.genesis, b.genesis) &&
    equalBytes(a.group, b.group)
  )
}
