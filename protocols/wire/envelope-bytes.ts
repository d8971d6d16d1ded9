/**
 * The bytes of a signed envelope (RFC 0002) with an Ed25519 key, in their one canonical spelling: the fields in order, each
 * there, each length in its shortest form. Protobuf allows many others; with them ids of envelopes could be forged.
 */
import { varint } from 'multiformats'
import { equalBytes } from './hash.ts'

export interface EnvelopeParts {
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly payloadType: Uint8Array
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

/** A libp2p public key: type 1 (Ed25519), then the 32 bytes. */
const KEY_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x20)
const KEY_BYTES = 32
/** Protobuf tags of fields 1, 2, 3 and 5, each of bytes. */
const TAGS = [0x0a, 0x12, 0x1a, 0x2a] as const

export function encodeEnvelope({ publicKey, payloadType, payload, signature }: EnvelopeParts): Uint8Array {
  const key = new Uint8Array(KEY_PREFIX.length + KEY_BYTES)
  key.set(KEY_PREFIX)
  key.set(publicKey, KEY_PREFIX.length)
  const fields = [key, payloadType, payload, signature]
  const size = fields.reduce((sum, field) => sum + 1 + varint.encodingLength(field.length) + field.length, 0)
  const bytes = new Uint8Array(size)
  let at = 0
  for (const [index, field] of fields.entries()) {
    bytes[at++] = TAGS[index]!
    at = putPrefixed(bytes, at, field)
  }
  return bytes
}

/** The parts, views of `bytes`; null where these are not the canonical bytes of an envelope with an Ed25519 key. */
export function decodeEnvelope(bytes: Uint8Array): EnvelopeParts | null {
  const fields: Uint8Array[] = []
  let at = 0
  for (const tag of TAGS) {
    if (bytes[at] !== tag) return null
    const length = readLength(bytes, at + 1)
    if (length === null || length.value === 0 || length.next + length.value > bytes.length) return null
    fields.push(bytes.subarray(length.next, length.next + length.value))
    at = length.next + length.value
  }
  const [key, payloadType, payload, signature] = fields as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  if (at !== bytes.length || key.length !== KEY_PREFIX.length + KEY_BYTES) return null
  if (!equalBytes(key.subarray(0, KEY_PREFIX.length), KEY_PREFIX)) return null
  return { publicKey: key.subarray(KEY_PREFIX.length), payloadType, payload, signature }
}

/** What is signed: domain, payload type and payload, each after its length as a varint. */
export function signedBytes(domain: Uint8Array, payloadType: Uint8Array, payload: Uint8Array): Uint8Array {
  const fields = [domain, payloadType, payload]
  const bytes = new Uint8Array(
    fields.reduce((sum, field) => sum + varint.encodingLength(field.length) + field.length, 0),
  )
  let at = 0
  for (const field of fields) at = putPrefixed(bytes, at, field)
  return bytes
}

function putPrefixed(bytes: Uint8Array, at: number, field: Uint8Array): number {
  varint.encodeTo(field.length, bytes, at)
  const start = at + varint.encodingLength(field.length)
  bytes.set(field, start)
  return start + field.length
}

/** A varint in its shortest form, of at most four bytes: 256 MiB. */
function readLength(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } | null {
  let value = 0
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return null
    value |= (byte & 0x7f) << (7 * index)
    if (byte < 0x80) return byte === 0 && index > 0 ? null : { value, next: at + index + 1 }
  }
  return null
}
