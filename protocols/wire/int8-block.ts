/**
 * int8 in blocks: 64 values share a scale, a bfloat16, of which each is a whole multiple from -127 to 127 (README.md,
 * "Encodings"). 8.25 bits a value.
 *
 * The scale is the largest bfloat16 of which 127 are not above the block's largest magnitude. Rounding it up instead would halve
 * the error of the largest value, but lift it, beyond the bound of an aggregation perhaps; and a tensor would have several
 * encodings. This way the largest value is always 127 scales, what was decoded encodes to the same bytes, and no other bytes
 * decode to it. Microscaling's power-of-two scales (OCP MX 1.0) are as canonical with twice the error.
 */
import { type Refusal, refuse } from './refusals.ts'

export const BLOCK_VALUES = 64
const SCALE_BYTES = 2
const LEVELS = 127
/** Blocks whose largest value would decode to less are zero: gradients have nothing there, and subnormal scales are avoided. */
const SMALLEST = 2 ** -100
/** Pattern of the scale of a block with a value that is no finite number; such bytes are refused. */
const NOT_FINITE = 0x7fc0
const INFINITY_BITS = 0x7f80
/** Adding and taking away 1.5 * 2^23 in single precision leaves the nearest integer, the even one of two. */
const ROUNDING = 12_582_912

export function encodedBytes(values: number): number {
  return values + Math.ceil(values / BLOCK_VALUES) * SCALE_BYTES
}

/** How many values so many bytes hold. */
export function valuesIn(bytes: number): number {
  return bytes - Math.ceil(bytes / (BLOCK_VALUES + SCALE_BYTES)) * SCALE_BYTES
}

export function encode(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(encodedBytes(values.length))
  for (let start = 0, at = 0; start < values.length; start += BLOCK_VALUES) {
    const block = values.subarray(start, start + BLOCK_VALUES)
    const half = scaleOf(block)
    bytes[at++] = half & 0xff
    bytes[at++] = half >>> 8
    const scale = singleOf(half)
    for (let index = 0; index < block.length; index++) bytes[at++] = level(block[index]!, scale)
  }
  return bytes
}

/** The values, or a refusal where the length is wrong; what {@link check} refuses may decode to anything. */
export function decode(bytes: Uint8Array, values: number): Float32Array | Refusal {
  const wrong = lengthFault(bytes, values)
  if (wrong !== null) return wrong
  const decoded = new Float32Array(values)
  for (let start = 0, at = 0; start < values; start += BLOCK_VALUES) {
    const scale = singleOf(halfAt(bytes, at))
    at += SCALE_BYTES
    const end = Math.min(values, start + BLOCK_VALUES)
    for (let index = start; index < end; index++) decoded[index] = signed(bytes[at++]!) * scale
  }
  return decoded
}

/** Null where the bytes are the encoding of `values` finite values, none beyond `bound`. */
export function check(bytes: Uint8Array, values: number, bound: number): Refusal | null {
  const wrong = lengthFault(bytes, values)
  if (wrong !== null) return wrong
  for (let start = 0, at = 0; start < values; start += BLOCK_VALUES) {
    const half = halfAt(bytes, at)
    at += SCALE_BYTES
    let largest = 0
    for (const end = at + Math.min(BLOCK_VALUES, values - start); at < end; at++)
      largest = Math.max(largest, Math.abs(signed(bytes[at]!)))
    const refusal = blockFault(half, largest, start / BLOCK_VALUES, bound)
    if (refusal !== null) return refusal
  }
  return null
}

function blockFault(half: number, largest: number, block: number, bound: number): Refusal | null {
  if (half >= INFINITY_BITS) return refuse('not-finite', `the scale of block ${block} is no positive number`)
  if (half === 0 && largest === 0) return null
  const magnitude = singleOf(half) * LEVELS
  if (largest !== LEVELS || magnitude < SMALLEST)
    return refuse('bad-encoding', `block ${block} is not as an encoder would write it`)
  return magnitude <= bound ? null : refuse('out-of-bounds', `block ${block} reaches ${magnitude}, beyond ${bound}`)
}

/** Pattern of a block's scale. */
function scaleOf(block: Float32Array): number {
  let largest = 0
  for (let index = 0; index < block.length; index++) {
    const magnitude = Math.abs(block[index]!)
    // Written so that NaN is met too.
    if (!(magnitude <= largest)) largest = magnitude
    if (!(magnitude < Number.POSITIVE_INFINITY)) return NOT_FINITE
  }
  single[0] = largest / LEVELS
  let half = word[0]! >>> 16
  // The quotient may have been rounded up to the next scale. 127 scales are exact in single precision.
  if (singleOf(half) * LEVELS > largest) half--
  return singleOf(half) * LEVELS < SMALLEST ? 0 : half
}

/** The multiple, as the byte of its two's complement. Division and rounding as in single precision, ties to even. */
function level(value: number, scale: number): number {
  if (!(scale > 0)) return 0
  const quotient = Math.fround(value / scale)
  const nearest = Math.fround(Math.fround(quotient + ROUNDING) - ROUNDING)
  return Math.max(-LEVELS, Math.min(LEVELS, nearest)) & 0xff
}

function signed(byte: number): number {
  return (byte << 24) >> 24
}

const single = new Float32Array(1)
const word = new Uint32Array(single.buffer)

function singleOf(half: number): number {
  word[0] = half << 16
  return single[0]!
}

function halfAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

function lengthFault(bytes: Uint8Array, values: number): Refusal | null {
  const due = encodedBytes(values)
  return bytes.byteLength === due ? null : refuse('wrong-shape', `${bytes.byteLength} bytes where ${due} are expected`)
}
