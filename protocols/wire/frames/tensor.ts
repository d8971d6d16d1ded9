/** The header of a tensor that travels as a message's body, with the signatures that belong to it. */
import { MAX_ATTACHMENTS, MAX_HEADER_BYTES, MAX_TENSOR_DIMENSIONS } from '../constants.ts'
import { codecOf } from '../encodings.ts'
import { arrayOf, bytes, integer, isMap, object, oneOf, text } from '../fields.ts'
import type { Encoding } from '../messages.ts'
import { type Refusal, refuse } from '../refusals.ts'

/** An encoding, or `u8`: bytes as they are. */
export type TensorType = Encoding | 'u8'

export interface TensorHeader {
  /** What it is, in the words of the protocol: 'forward', 'partition', ... */
  readonly kind: string
  readonly dtype: TensorType
  readonly shape: readonly number[]
  /** Signed envelopes, not opened yet. */
  readonly attachments: readonly Uint8Array[]
}

/** What the receiver knows beforehand; the manifest gives every shape. */
export interface TensorExpectation {
  readonly kind: string
  readonly dtype: TensorType
  readonly shape: readonly number[]
}

const FIELDS = object<TensorHeader>({
  kind: text(/^[a-z-]{1,32}$/, 'a word'),
  dtype: oneOf('f32', 'bf16', 'int8', 'u8'),
  shape: arrayOf(integer(1, 2 ** 31 - 1), MAX_TENSOR_DIMENSIONS, 1),
  attachments: arrayOf(bytes(1, MAX_HEADER_BYTES), MAX_ATTACHMENTS),
})

/** Bytes of a tensor of this type and shape. */
export function tensorBytes(dtype: TensorType, shape: readonly number[]): number {
  const values = shape.reduce((product, dimension) => product * dimension, 1)
  return dtype === 'u8' ? values : codecOf(dtype).encodedBytes(values)
}

/** The header of a received tensor, where it and the body's length are as expected. */
export function checkTensor(header: unknown, body: Uint8Array, expected: TensorExpectation): TensorHeader | Refusal {
  if (!isTensorHeader(header)) return refuse('out-of-bounds', `tensor: ${FIELDS(header, '') ?? 'not a map'}`)
  const { kind, dtype, shape } = header
  if (kind !== expected.kind) return refuse('not-allowed', `a tensor of kind ${kind} where ${expected.kind} is due`)
  const fits =
    dtype === expected.dtype &&
    shape.length === expected.shape.length &&
    shape.every((size, axis) => size === expected.shape[axis])
  if (!fits)
    return refuse(
      'wrong-shape',
      `${dtype}[${shape.join(', ')}] where ${expected.dtype}[${expected.shape.join(', ')}] is due`,
    )
  const due = tensorBytes(dtype, shape)
  return body.byteLength === due ? header : refuse('wrong-shape', `${body.byteLength} bytes where ${due} are due`)
}

function isTensorHeader(value: unknown): value is TensorHeader {
  return isMap(value) && FIELDS(value, '') === null
}
