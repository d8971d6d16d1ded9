/**
 * How gradient partitions are encoded: what is hashed is what travels. The table has a row for each name a manifest may
 * give; a row without a codec is refused when the manifest is read.
 */
import type { Encoding } from './messages.ts'
import { type Refusal, refuse } from './refusals.ts'

export interface GradientCodec {
  /** Encoded length, in bytes. */
  encodedBytes(values: number): number
  /** Bytes to hash and send; may share memory with `values`. */
  encode(values: Float32Array): Uint8Array
  /** The values, or a refusal where the length is wrong; may share memory with `bytes`. */
  decode(bytes: Uint8Array, values: number): Float32Array | Refusal
  /** Null where there are `values` values, all finite and of absolute value at most `bound`. */
  check(bytes: Uint8Array, values: number, bound: number): Refusal | null
}

const FLOAT_BYTES = 4

/** IEEE 754 single precision, little-endian, as in memory of every machine that WebAssembly runs on. */
const f32: GradientCodec = {
  encodedBytes: values => values * FLOAT_BYTES,
  encode: values => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  decode(bytes, values) {
    if (bytes.byteLength !== values * FLOAT_BYTES) {
      return refuse('wrong-shape', `${bytes.byteLength} bytes where ${values * FLOAT_BYTES} are expected`)
    }
    const aligned = bytes.byteOffset % FLOAT_BYTES === 0 ? bytes : bytes.slice()
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

/** Null: a name with room in the manifest, but no codec in this version. */
export const ENCODINGS: { readonly [name in Encoding]: GradientCodec | null } = { f32, bf16: null, int8: null }

export function codecOf(encoding: Encoding): GradientCodec | Refusal {
  return ENCODINGS[encoding] ?? refuse('not-available', `the encoding ${encoding} is not available yet; use f32`)
}

function unfit(value: number, index: number, bound: number): Refusal {
  if (!Number.isFinite(value)) return refuse('not-finite', `value ${index} is ${value}`)
  return refuse('out-of-bounds', `value ${index} is ${value}, beyond ${bound}`)
}
