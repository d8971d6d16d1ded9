/** Small hashes at once, and comparisons of byte strings. Bulk goes through the injected `Digest` (`environment.ts`). */
import { sha256 } from '@noble/hashes/sha2.js'
import { encode } from './cbor.ts'
import { HASH_BYTES } from './constants.ts'
import type { SmallHash } from './environment.ts'
import type { Hash, Value } from './messages.ts'

/** SHA-256 of at most `SMALL_HASH_MAX_BYTES`: in JavaScript it makes 0.1 GB/s. */
export const smallHash: SmallHash = bytes => hashAtOnce(bytes)

/** Where the platform has SHA-256 itself, whoever composes hands it in: a message takes a third of the time. */
export function useSmallHash(native: SmallHash): void {
  hashAtOnce = native
}

let hashAtOnce: SmallHash = bytes => sha256(bytes)

/** Stands for "none": the parent of the first round, the aggregate root of a SKIP. */
export const ZERO_HASH: Hash = new Uint8Array(HASH_BYTES)

export function isZeroHash(hash: Hash): boolean {
  return equalBytes(hash, ZERO_HASH)
}

/** id(v): SHA-256 of the value's canonical DAG-CBOR. A value is asked for many times a round, so its id is remembered. */
export function hashValue(value: Value): Hash {
  const known = VALUE_IDS.get(value)
  if (known !== undefined) return known
  const id = smallHash(encode(value))
  VALUE_IDS.set(value, id)
  return id
}

const VALUE_IDS = new WeakMap<Value, Hash>()

/** Lower-case hexadecimal. Put together byte by byte a text is a tree of pieces: 2 KB for a signature, kept as long as the text. */
export function hashHex(hash: Uint8Array): string {
  if (hash.length === HASH_BYTES) return hexOf(hash, 0, HASH_CODES)
  let text = ''
  for (let start = 0; start < hash.length; start += HEX_PIECE_BYTES)
    text += hexOf(hash, start, new Array<number>(2 * Math.min(HEX_PIECE_BYTES, hash.length - start)))
  return text
}

/** @param codes two for each byte; they are written over */
function hexOf(bytes: Uint8Array, start: number, codes: number[]): string {
  for (let index = 0; 2 * index < codes.length; index++) {
    const byte = bytes[start + index]!
    codes[2 * index] = HEX_CODES[byte >> 4]!
    codes[2 * index + 1] = HEX_CODES[byte & 15]!
  }
  return Reflect.apply(String.fromCharCode, null, codes)
}

/** A text for these bytes and no others, for keys of maps: half as long as the hexadecimal, in half of its time. */
export function keyOf(bytes: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, null, bytes)
}

/** Bytes of a hexadecimal text; throws a RangeError where it is not one. */
export function hexBytes(text: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) throw new RangeError('not a hexadecimal text of whole bytes')
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  )
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true
  const { byteLength } = a
  if (byteLength !== b.byteLength) return false
  for (let index = 0; index < byteLength; index++) if (a[index] !== b[index]) return false
  return true
}

/** Order of byte strings: first differing byte, then length. Negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.byteLength, b.byteLength)
  for (let index = 0; index < shorter; index++) {
    const difference = a[index]! - b[index]!
    if (difference !== 0) return difference
  }
  return a.byteLength - b.byteLength
}

/** Order of texts by UTF-16 code unit, the same on every machine (`localeCompare` is not); sorts peers. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** All parts, one after the other. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.byteLength
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.byteLength
  }
  return joined
}

/** Hashes, keys and signatures are shorter: they take one call. */
const HEX_PIECE_BYTES = 1024

/** Of a hash, by far the most frequent: always the same. */
const HASH_CODES = new Array<number>(2 * HASH_BYTES).fill(0)

const HEX_CODES = Array.from('0123456789abcdef', digit => digit.charCodeAt(0))
