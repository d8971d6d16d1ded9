/**
 * Canonical DAG-CBOR: one spelling for each value, so that equal values have equal hashes and signatures
 * (https://ipld.io/specs/codecs/dag-cbor/spec/). Whole numbers are CBOR integers, others 64-bit floats.
 */
import * as dagCbor from '@ipld/dag-cbor'
import { encodeCanonical } from './canonical.ts'
import { NOT_PLAIN, readPlain } from './canonical-read.ts'
import { MAX_DEPTH } from './constants.ts'
import { type Refusal, refuse } from './refusals.ts'

/** Canonical bytes of a value of the IPLD data model; throws where it is not one (undefined, NaN, infinity, a class instance). */
export function encode(value: unknown): Uint8Array {
  return encodeCanonical(value)
}

/**
 * The value whose canonical encoding these bytes are, or a refusal; never throws. Test with `isRefusal`: a value that looks
 * like a refusal counts as one, which is the safe side.
 */
export function decodeStrict(bytes: Uint8Array, limits: { readonly maxBytes: number }): unknown {
  if (bytes.byteLength > limits.maxBytes)
    return refuse('too-large', `${bytes.byteLength} bytes where ${limits.maxBytes} are allowed`)
  const plain = readPlain(bytes, MAX_DEPTH)
  if (plain !== NOT_PLAIN) return plain
  const malformed = scan(bytes)
  if (malformed !== null) return malformed
  try {
    const value: unknown = dagCbor.decode(bytes)
    const again = encodeCanonical(value)
    return sameBytes(again, bytes) ? value : refuse('bad-encoding', 'not the canonical encoding of its value')
  } catch (error) {
    return refuse('bad-encoding', error instanceof Error ? error.message : 'undecodable')
  }
}

/**
 * Walks the item heads without recursion, so that neither nesting nor announced lengths can exhaust stack or memory of the
 * decoder behind it. Finer rules (order of keys, shortest forms) are left to re-encoding.
 */
function scan(bytes: Uint8Array): Refusal | null {
  /** Items still expected at each open level. */
  const open: number[] = [1]
  let position = 0
  while (open.length > 0) {
    const expected = open[open.length - 1]!
    if (expected === 0) {
      open.pop()
      continue
    }
    open[open.length - 1] = expected - 1
    const head = readHead(bytes, position)
    if (head === null) return refuse('bad-encoding', `malformed item at byte ${position}`)
    position = head.next
    const left = bytes.byteLength - position
    const { major, argument } = head
    if (major === BYTES || major === TEXT) {
      if (argument > left) return refuse('bad-encoding', `string at byte ${position} runs past the end`)
      position += argument
    } else if (major === ARRAY || major === MAP) {
      const items = major === MAP ? 2 * argument : argument
      if (items > left) return refuse('bad-encoding', `more items announced at byte ${position} than bytes follow`)
      if (open.length > MAX_DEPTH) return refuse('bad-encoding', `nested deeper than ${MAX_DEPTH} levels`)
      open.push(items)
    } else if (major === TAG) {
      return refuse('bad-encoding', 'tags are not used: content ids travel as text')
    }
  }
  return position === bytes.byteLength
    ? null
    : refuse('bad-encoding', `${bytes.byteLength - position} bytes follow the value`)
}

const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6

/** Bytes of the argument that follow the head, by additional information 24 to 27 (RFC 8949, section 3). */
const ARGUMENT_BYTES: Readonly<Record<number, number>> = { 24: 1, 25: 2, 26: 4, 27: 8 }

function readHead(bytes: Uint8Array, position: number): { major: number; argument: number; next: number } | null {
  const first = bytes[position]
  if (first === undefined) return null
  const major = first >> 5
  const information = first & 31
  if (information < 24) return { major, argument: information, next: position + 1 }
  const length = ARGUMENT_BYTES[information]
  if (length === undefined || position + 1 + length > bytes.byteLength) return null
  let argument = 0
  for (let index = 1; index <= length; index++) argument = argument * 256 + bytes[position + index]!
  return { major, argument, next: position + 1 + length }
}

/** A plain loop: `every` calls back for each byte, which costs ten times as much. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let index = 0; index < a.byteLength; index++) if (a[index] !== b[index]) return false
  return true
}
