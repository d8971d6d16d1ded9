/**
 * Signed envelopes of libp2p (RFC 0002, https://github.com/libp2p/specs/blob/master/RFC/0002-signed-envelopes.md) around
 * canonical payloads. Ed25519 only: its peer id holds the key, so an envelope says by itself who signed.
 */
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { varint } from 'multiformats'
import { decodeStrict, encode } from './cbor.ts'
import { ENVELOPE_CACHE_BYTES, ENVELOPE_CACHE_ENTRIES, ENVELOPE_OVERHEAD_BYTES, SIGNATURE_DOMAIN } from './constants.ts'
import { EnvelopeCache } from './envelope-cache.ts'
import { equalBytes, hashHex } from './hash.ts'
import type { Payload, PayloadKind, Signed } from './messages.ts'
import { isRefusal, type Refusal, refuse } from './refusals.ts'
import { MESSAGES, PAYLOAD_KINDS, type PayloadOf, validatePayload } from './table.ts'

export interface Expectation<K extends PayloadKind = PayloadKind> {
  /** Kinds that may come here; all, where absent. */
  readonly kinds?: readonly K[]
}

/** Signs a payload. Throws where it breaks its own bounds or the key is not Ed25519: that is a bug, not a refusal. */
export async function seal<P extends Payload>(payload: P, privateKey: PrivateKey): Promise<Signed<P>> {
  if (privateKey.type !== 'Ed25519') throw new TypeError(`an Ed25519 key is needed, not ${privateKey.type}`)
  const wrong = validatePayload(payload.kind, payload)
  if (isRefusal(wrong)) throw new RangeError(wrong.detail ?? wrong.refused)
  const bytes = encode(payload)
  const { maxBytes } = MESSAGES[payload.kind]
  if (bytes.byteLength > maxBytes)
    throw new RangeError(`${payload.kind} of ${bytes.byteLength} bytes, at most ${maxBytes} are allowed`)
  const record = {
    domain: SIGNATURE_DOMAIN,
    codec: payloadType(payload.kind),
    marshal: () => bytes,
    equals: () => false,
  }
  const envelope = await RecordEnvelope.seal(record, privateKey)
  return { signer: peerIdFromPublicKey(privateKey.publicKey).toString(), payload, envelope: envelope.marshal() }
}

/**
 * Opens and checks an envelope from the wire: size, canonical bytes, bounds, signature. Never throws. The result is shared
 * between callers that open the same bytes: do not change it.
 */
export async function open<K extends PayloadKind = PayloadKind>(
  envelope: Uint8Array,
  expectation: Expectation<K> = {},
  cache: EnvelopeCache = verified,
): Promise<Signed<PayloadOf<K>> | Refusal> {
  if (envelope.byteLength > LONGEST_ENVELOPE_BYTES)
    return refuse('too-large', `an envelope of ${envelope.byteLength} bytes`)
  const parsed = parse(envelope)
  if (isRefusal(parsed)) return parsed
  const { kind, record } = parsed
  const { kinds } = expectation
  if (kinds !== undefined && !includes(kinds, kind)) return refuse('not-allowed', `${kind} is not taken here`)
  const known = cache.get(record.signature, envelope)
  const signed = known ?? (await verify(kind, record, envelope))
  if (isRefusal(signed)) return signed
  if (known === null) cache.add(record.signature, signed)
  return isOfKind(signed, kinds) ? signed : refuse('not-allowed', `${kind} is not taken here`)
}

/** Forgets which envelopes were checked: a simulation begins as a fresh process would, however many came before it. */
export function forgetVerified(): void {
  verified.clear()
}

/** Payload type of a kind in the envelope: its code as an unsigned varint. */
export function payloadType(kind: PayloadKind): Uint8Array {
  const { code } = MESSAGES[kind]
  return varint.encodeTo(code, new Uint8Array(varint.encodingLength(code)))
}

const verified = new EnvelopeCache({ entries: ENVELOPE_CACHE_ENTRIES, bytes: ENVELOPE_CACHE_BYTES })

const KIND_OF_TYPE: ReadonlyMap<string, PayloadKind> = new Map(
  PAYLOAD_KINDS.map(kind => [hashHex(payloadType(kind)), kind]),
)

const LONGEST_ENVELOPE_BYTES = ENVELOPE_OVERHEAD_BYTES + Math.max(...PAYLOAD_KINDS.map(kind => MESSAGES[kind].maxBytes))

/** Longest payload type that is looked up: a varint of the private-use range takes four bytes. */
const MAX_TYPE_BYTES = 4

function parse(envelope: Uint8Array): { kind: PayloadKind; record: RecordEnvelope } | Refusal {
  let record: RecordEnvelope
  try {
    record = RecordEnvelope.createFromProtobuf(envelope)
    // Protobuf allows many spellings of one message; only the one that we write counts, or ids of envelopes could be forged.
    if (!equalBytes(record.marshal(), envelope))
      return refuse('bad-encoding', 'not the canonical bytes of its envelope')
  } catch (error) {
    return refuse('bad-encoding', error instanceof Error ? error.message : 'not an envelope')
  }
  if (record.publicKey.type !== 'Ed25519') return refuse('bad-signature', `signed with a ${record.publicKey.type} key`)
  const kind =
    record.payloadType.byteLength > MAX_TYPE_BYTES ? undefined : KIND_OF_TYPE.get(hashHex(record.payloadType))
  return kind === undefined ? refuse('wrong-domain', 'a payload type of another protocol') : { kind, record }
}

/** Cheap checks first: garbage must not cost a signature check. */
async function verify(kind: PayloadKind, record: RecordEnvelope, envelope: Uint8Array): Promise<Signed | Refusal> {
  const value = decodeStrict(record.payload, { maxBytes: MESSAGES[kind].maxBytes })
  if (isRefusal(value)) return value
  const payload = validatePayload(kind, value)
  if (isRefusal(payload)) return payload
  let valid = false
  try {
    valid = await record.validate(SIGNATURE_DOMAIN)
  } catch (error) {
    return refuse('bad-signature', error instanceof Error ? error.message : 'not a signature')
  }
  if (!valid) return refuse('bad-signature')
  return { signer: peerIdFromPublicKey(record.publicKey).toString(), payload, envelope }
}

function includes(kinds: readonly PayloadKind[], kind: PayloadKind): boolean {
  return kinds.includes(kind)
}

function isOfKind<K extends PayloadKind>(
  signed: Signed,
  kinds: readonly K[] | undefined,
): signed is Signed<PayloadOf<K>> {
  return kinds === undefined || includes(kinds, signed.payload.kind)
}
