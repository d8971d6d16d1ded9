/**
 * Signed envelopes of libp2p (RFC 0002, https://github.com/libp2p/specs/blob/master/RFC/0002-signed-envelopes.md) around
 * canonical payloads. Ed25519 only: its peer id holds the key, so an envelope says by itself who signed.
 */
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { varint } from 'multiformats'
import { decodeStrict, encode } from './cbor.ts'
import { ENVELOPE_CACHE_BYTES, ENVELOPE_CACHE_ENTRIES, ENVELOPE_OVERHEAD_BYTES, SIGNATURE_DOMAIN } from './constants.ts'
import { holdsEd25519 } from './ed25519.ts'
import { decodeEnvelope, type EnvelopeParts, encodeEnvelope, signedBytes } from './envelope-bytes.ts'
import { EnvelopeCache } from './envelope-cache.ts'
import { hashHex, keyOf } from './hash.ts'
import type { Payload, PayloadKind, PeerName, Signed } from './messages.ts'
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
  const type = payloadType(payload.kind)
  const signature = await privateKey.sign(signedBytes(DOMAIN, type, bytes))
  const publicKey = privateKey.publicKey.raw
  return {
    signer: nameOf(publicKey),
    payload,
    envelope: encodeEnvelope({ publicKey, payloadType: type, payload: bytes, signature }),
  }
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
  const { kind, parts } = parsed
  const { kinds } = expectation
  if (kinds !== undefined && !includes(kinds, kind)) return refuse('not-allowed', `${kind} is not taken here`)
  const known = cache.get(parts.signature, envelope)
  const signed = known ?? (await verify(kind, parts, envelope))
  if (isRefusal(signed)) return signed
  if (known === null) cache.add(parts.signature, signed)
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

const DOMAIN = new TextEncoder().encode(SIGNATURE_DOMAIN)

const verified = new EnvelopeCache({ entries: ENVELOPE_CACHE_ENTRIES, bytes: ENVELOPE_CACHE_BYTES })

const KIND_OF_TYPE: ReadonlyMap<string, PayloadKind> = new Map(
  PAYLOAD_KINDS.map(kind => [hashHex(payloadType(kind)), kind]),
)

const LONGEST_ENVELOPE_BYTES = ENVELOPE_OVERHEAD_BYTES + Math.max(...PAYLOAD_KINDS.map(kind => MESSAGES[kind].maxBytes))

/** Longest payload type that is looked up: a varint of the private-use range takes four bytes. */
const MAX_TYPE_BYTES = 4

function parse(envelope: Uint8Array): { kind: PayloadKind; parts: EnvelopeParts } | Refusal {
  const parts = decodeEnvelope(envelope)
  if (parts === null) return faultOf(envelope)
  const { payloadType: type } = parts
  const kind = type.byteLength > MAX_TYPE_BYTES ? undefined : KIND_OF_TYPE.get(hashHex(type))
  return kind === undefined ? refuse('wrong-domain', 'a payload type of another protocol') : { kind, parts }
}

/** Why these bytes are not taken: libp2p tells what they are instead. */
function faultOf(envelope: Uint8Array): Refusal {
  try {
    const { publicKey } = RecordEnvelope.createFromProtobuf(envelope)
    return publicKey.type === 'Ed25519'
      ? refuse('bad-encoding', 'not the canonical bytes of its envelope')
      : refuse('bad-signature', `signed with a ${publicKey.type} key`)
  } catch (error) {
    return refuse('bad-encoding', error instanceof Error ? error.message : 'not an envelope')
  }
}

/** Cheap checks first: garbage must not cost a signature check. */
async function verify(kind: PayloadKind, parts: EnvelopeParts, envelope: Uint8Array): Promise<Signed | Refusal> {
  const { publicKey, payloadType: type, signature } = parts
  const value = decodeStrict(parts.payload, { maxBytes: MESSAGES[kind].maxBytes })
  if (isRefusal(value)) return value
  const payload = validatePayload(kind, value)
  if (isRefusal(payload)) return payload
  const holds = await holdsEd25519(publicKey, signedBytes(DOMAIN, type, parts.payload), signature)
  return holds ? { signer: nameOf(publicKey), payload, envelope } : refuse('bad-signature')
}

/** Names of the keys that were seen last: writing one takes as long as hashing a message. */
const names = new Map<string, PeerName>()
const MAX_NAMES = 1024

function nameOf(publicKey: Uint8Array): PeerName {
  const key = keyOf(publicKey)
  const known = names.get(key)
  if (known !== undefined) return known
  const name = peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
  names.set(key, name)
  const oldest = names.keys().next().value
  if (names.size > MAX_NAMES && oldest !== undefined) names.delete(oldest)
  return name
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
