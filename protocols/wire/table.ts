/**
 * The message table: of each signed payload its type code, who may sign it, its bounds, and what two contradicting ones
 * prove. README.md shows it as prose; `test/vectors/wire/` holds the bytes.
 */
import { PROTOCOL_VERSION } from './constants.ts'
import { isMap, type Rule } from './fields.ts'
import { hashHex } from './hash.ts'
import * as rules from './message-fields.ts'
import type { EvidenceKind, Outcome, Payload, PayloadKind } from './messages.ts'
import { type Refusal, refuse } from './refusals.ts'

/** 'seat': a seat of the scope's stage; 'source': a seat of stage 0; 'any-peer': nobody else is hurt by it. */
export type Signer = 'seat' | 'source' | 'any-peer'

export type PayloadOf<K extends PayloadKind> = Extract<Payload, { kind: K }>

export interface MessageRow<P extends Payload = Payload> {
  /** Payload type in the envelope (RFC 0002), as a multicodec of the private-use range 0x300000 to 0x3FFFFF. */
  readonly code: number
  readonly signer: Signer
  /** Longest payload, in bytes; the envelope adds `ENVELOPE_OVERHEAD_BYTES`. */
  readonly maxBytes: number
  readonly fields: Rule
  /** What holds between fields: null, or one sentence. */
  relation?(payload: P): string | null
  /** What two different payloads of one signer in one slot prove; null where nothing. */
  readonly evidence: EvidenceKind | null
  /** The slot within (run, epoch, stage, round, kind); absent where any number may be signed. */
  slot?(payload: P): string
  /** The part that must not differ within a slot; absent: all of it. */
  essence?(payload: P): unknown
}

const KIB = 1024
const MIB = 1024 * KIB

const TABLE = {
  commit: {
    code: 0x301001,
    signer: 'seat',
    // 65,536 leaves take 2.2 MiB; a trace of 4,096 entries 0.3 MiB, with paths up to what is left.
    maxBytes: 3 * MIB,
    fields: rules.COMMIT,
    evidence: 'double-commit',
    slot: () => '',
  },
  idle: { code: 0x301002, signer: 'seat', maxBytes: KIB, fields: rules.IDLE, evidence: null },
  have: {
    code: 0x301003,
    signer: 'seat',
    // 256 authors with bitmaps of 65,536 partitions.
    maxBytes: 2.25 * MIB,
    fields: rules.HAVE,
    relation: payload =>
      rules.sorted(
        payload.held.map(held => held.author),
        'held',
      ),
    evidence: null,
  },
  propose: {
    code: 0x301004,
    signer: 'seat',
    // 256 sealed commits of 110 bytes, 256 changes of 80.
    maxBytes: 64 * KIB,
    fields: rules.PROPOSAL,
    relation: rules.proposalRelation,
    evidence: 'double-propose',
    slot: payload => `${payload.view}`,
  },
  prevote: {
    code: 0x301005,
    signer: 'seat',
    maxBytes: KIB,
    fields: rules.PREVOTE,
    relation: rules.prevoteRelation,
    evidence: 'double-prevote',
    slot: payload => `${payload.view}`,
  },
  precommit: {
    code: 0x301006,
    signer: 'seat',
    maxBytes: KIB,
    fields: rules.PRECOMMIT,
    relation: payload => (payload.validView <= payload.view ? null : 'validView must not be above view'),
    evidence: 'double-precommit',
    slot: payload => `${payload.view}`,
  },
  aggregate: {
    code: 0x301007,
    signer: 'seat',
    maxBytes: KIB,
    fields: rules.AGGREGATE,
    evidence: 'double-aggregate',
    slot: payload => `${hashHex(payload.value)}/${payload.partition}`,
  },
  outcome: {
    code: 0x301008,
    signer: 'seat',
    maxBytes: KIB,
    fields: rules.OUTCOME,
    evidence: 'double-outcome',
    slot: () => '',
    essence: outcomeEssence,
  },
  settled: { code: 0x301009, signer: 'source', maxBytes: KIB, fields: rules.SETTLED, evidence: null },
  boundary: { code: 0x30100a, signer: 'seat', maxBytes: KIB, fields: rules.BOUNDARY, evidence: null },
  leave: { code: 0x30100c, signer: 'seat', maxBytes: KIB, fields: rules.LEAVE, evidence: null },
  pause: { code: 0x30100d, signer: 'seat', maxBytes: KIB, fields: rules.PAUSE, evidence: null },
  record: { code: 0x30100b, signer: 'any-peer', maxBytes: 8 * KIB, fields: rules.STAGE_RECORD, evidence: null },
} satisfies { readonly [K in PayloadKind]: MessageRow<PayloadOf<K>> }

export const MESSAGES: { readonly [K in PayloadKind]: MessageRow } = TABLE

export const PAYLOAD_KINDS: readonly PayloadKind[] = Object.keys(TABLE).filter(isPayloadKind)

export function isPayloadKind(text: string): text is PayloadKind {
  return Object.hasOwn(TABLE, text)
}

/** The payload, where every field of `value` is within its bound; else a refusal that names the field. */
export function validatePayload(kind: PayloadKind, value: unknown): Payload | Refusal {
  if (isMap(value) && isMap(value['scope']) && value['scope']['version'] !== PROTOCOL_VERSION) {
    return refuse('wrong-version', `version ${String(value['scope']['version'])} where ${PROTOCOL_VERSION} is spoken`)
  }
  const row = MESSAGES[kind]
  const wrong = row.fields(value, '')
  if (wrong !== null) return refuse('out-of-bounds', `${kind}: ${wrong}`)
  if (!isChecked(kind, value)) return refuse('bad-encoding', `not a ${kind}`)
  const unrelated = row.relation?.(value) ?? null
  return unrelated === null ? value : refuse('out-of-bounds', `${kind}: ${unrelated}`)
}

/** May a signer sign only one such payload in a slot? */
export function hasSlot({ kind }: Payload): boolean {
  return MESSAGES[kind].slot !== undefined
}

/**
 * The slot in which a signer may sign one thing only, (run, epoch, stage, round, kind, view or (value, partition)) as one
 * text: the key of the signing journal and of evidence. Null for kinds that may be signed at will.
 */
export function slotOf(payload: Payload): string | null {
  const within = MESSAGES[payload.kind].slot?.(payload)
  if (within === undefined || payload.kind === 'record') return null
  const { run, epoch, stage, round } = payload.scope
  const slot = `${run}/${epoch}/${stage}/${round}/${payload.kind}`
  return within === '' ? slot : `${slot}/${within}`
}

/** What two payloads of one slot must agree in. */
export function essenceOf(payload: Payload): unknown {
  return MESSAGES[payload.kind].essence?.(payload) ?? payload
}

/** All of an outcome but `heard`: what Q seats must sign alike. */
export function outcomeEssence(outcome: Outcome): Omit<Outcome, 'heard'> {
  const { heard: _, ...essence } = outcome
  return essence
}

/** Types a value whose fields keep the rules of its kind, which the compiler cannot see. */
function isChecked(kind: PayloadKind, value: unknown): value is Payload {
  return isMap(value) && value['kind'] === kind
}
