/**
 * How gradient partitions and boundary tensors are encoded: what is hashed is what travels. The table has a row for each name
 * a manifest may give.
 */
import * as int8Block from './int8-block.ts'
import type { Encoding } from './messages.ts'
import { type Refusal, refuse } from './refusals.ts'

export interface Codec {
  /** Encoded length, in bytes. */
  encodedBytes(values: number): number
  /** How many values so many bytes hold; no integer, or not exactly, where no tensor has that length. */
  valuesIn(bytes: number): number
  /** Bytes to hash and send; may share memory with `values`. */
  encode(values: Float32Array): Uint8Array
  /** The values, or a refusal where the length is wrong; may share memory with `bytes`. */
  decode(bytes: Uint8Array, values: number): Float32Array | Refusal
  /** Null where there are `values` values, all finite and of absolute value at most `bound`. */
  check(bytes: Uint8Array, values: number, bound: number): Refusal | null
}

/** IEEE 754 single precision, little-endian, as in memory of every machine that WebAssembly runs on. */
const f32: Codec = {
  encodedBytes: values => values * 4,
  valuesIn: bytes => bytes / 4,
  encode: values => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  decode(bytes, values) {
    const wrong = lengthFault(bytes, values, 4)
    if (wrong !== null) return wrong
    const aligned = alignedTo(4, bytes)
    return new Float32Array(aligned.buffer, aligned.byteOffset, values)
  },
  check(bytes, values, bound) {
    const decoded = f32.decode(bytes, values)
    if (!(decoded instanceof Float32Array)) return decoded
    for (let index = 0; index < decoded.length; index++) {
      // Written so that NaN fails as well.
      if (!(Math.abs(decoded[index]!) <= bound)) return unfit(decoded[index]!, index, bound)
    }
    return null
  },
}

/** bfloat16: the upper half of a single, rounded to the nearest, ties to even; little-endian. Integer arithmetic only. */
const bf16: Codec = {
  encodedBytes: values => values * 2,
  valuesIn: bytes => bytes / 2,
  encode(values) {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
    const halves = new Uint16Array(values.length)
    for (let index = 0; index < words.length; index++) halves[index] = upperHalf(words[index]!)
    return new Uint8Array(halves.buffer)
  },
  decode(bytes, values) {
    const wrong = lengthFault(bytes, values, 2)
    if (wrong !== null) return wrong
    const halves = halvesOf(bytes)
    const words = new Uint32Array(values)
    for (let index = 0; index < halves.length; index++) words[index] = halves[index]! << 16
    return new Float32Array(words.buffer)
  },
  check(bytes, values, bound) {
    const wrong = lengthFault(bytes, values, 2)
    if (wrong !== null) return wrong
    const halves = halvesOf(bytes)
    const largest = largestHalf(bound)
    // Without its sign a larger value has a larger pattern; infinity and NaN have the largest.
    for (let index = 0; index < halves.length; index++) {
      if ((halves[index]! & MAGNITUDE_BITS) > largest) return unfit(singleOf(halves[index]!), index, bound)
    }
    return null
  },
}

const MAGNITUDE_BITS = 0x7fff
const LARGEST_FINITE_HALF = 0x7f7f
/** Set in every NaN that is written, so that rounding cannot make an infinity of it. */
const QUIET_BIT = 0x40

function upperHalf(word: number): number {
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | QUIET_BIT
  // Half a unit of what is cut off, less one where the last bit that stays is even.
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
}

function singleOf(half: number): number {
  return new Float32Array(Uint32Array.of(half << 16).buffer)[0]!
}

/** Pattern of the largest half of at most `bound`. */
function largestHalf(bound: number): number {
  const word = new Uint32Array(Float32Array.of(bound).buffer)[0]!
  const half = Math.min(word >>> 16, LARGEST_FINITE_HALF)
  // The bound as a single may have been rounded up to the next half.
  return singleOf(half) > bound ? half - 1 : half
}

function halvesOf(bytes: Uint8Array): Uint16Array {
  const aligned = alignedTo(2, bytes)
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2)
}

function alignedTo(valueBytes: number, bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % valueBytes === 0 ? bytes : bytes.slice()
}

function lengthFault(bytes: Uint8Array, values: number, valueBytes: number): Refusal | null {
  const due = values * valueBytes
  return bytes.byteLength === due ? null : refuse('wrong-shape', `${bytes.byteLength} bytes where ${due} are expected`)
}

const int8: Codec = int8Block

export const ENCODINGS: { readonly [name in Encoding]: Codec } = { f32, bf16, int8 }

export function codecOf(encoding: Encoding): Codec {
  return ENCODINGS[encoding]
}

function unfit(value: number, index: number, bound: number): Refusal {
  if (!Number.isFinite(value)) return refuse('not-finite', `value ${index} is ${value}`)
  return refuse('out-of-bounds', `value ${index} is ${value}, beyond ${bound}`)
}
