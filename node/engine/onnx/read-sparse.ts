/**
 * SparseTensorProto to an ordinary tensor: nothing computes with the sparse form here, nor does ONNX Runtime. A few bytes can
 * say that a tensor is huge, so what all of a model's take together is bounded.
 */
import { byteLength, DataType, dataTypeName } from './data-type.ts'
import { OnnxFormatError } from './errors.ts'
import { SPARSE_TENSOR } from './fields.ts'
import { MAX_DENSE_BYTES, MAX_RANK } from './limits.ts'
import type { Tensor } from './model.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import type { ReadContext } from './read-context.ts'
import { readTensor } from './read-tensor.ts'

export function readSparseTensor(reader: ProtobufReader, context: ReadContext): Tensor {
  const start = reader.position
  let values: Tensor | null = null
  let indices: Tensor | null = null
  const shape: number[] = []
  for (const field of reader.fields()) {
    if (field.number === SPARSE_TENSOR.values) values = readTensor(reader.message(field), context.external)
    else if (field.number === SPARSE_TENSOR.indices) indices = readTensor(reader.message(field), context.external)
    else if (field.number === SPARSE_TENSOR.dims) reader.integers(field, size => shape.push(Number(size)))
    else reader.skip(field)
  }
  const fail = (sentence: string) =>
    new OnnxFormatError('bad-tensor', start, `Sparse tensor '${values?.name ?? ''}' ${sentence}`)
  if (values === null || indices?.type !== DataType.int64) throw fail('has no values, or no indices of type int64')
  const count = shape.reduce((product, size) => product * size, 1)
  const width = byteLength(values.type, 1)
  if (shape.length > MAX_RANK || shape.some(size => size < 0) || !Number.isSafeInteger(count))
    throw fail(`has the shape [${shape}]`)
  if (width === undefined || byteLength(values.type, 2) !== 2 * width)
    throw fail(`has elements of type ${dataTypeName(values.type)}, which are not spread`)
  context.dense.bytes += count * width
  if (context.dense.bytes > MAX_DENSE_BYTES)
    throw new OnnxFormatError('over-limit', start, `Sparse tensors take more than ${MAX_DENSE_BYTES} bytes`)
  const data = new Uint8Array(count * width)
  const places = placesOf(indices, shape)
  if (places === null || places.length * width !== values.data.length)
    throw fail('has other indices than its values need')
  for (const [index, place] of places.entries()) {
    if (!(place >= 0 && place < count)) throw fail('has a value outside of its shape')
    data.set(values.data.subarray(index * width, (index + 1) * width), place * width)
  }
  return { name: values.name, type: values.type, shape, data, documentation: values.documentation }
}

/** Row-major places: one number for each value, or one for each of its axes. Null where they are neither. */
function placesOf(indices: Tensor, shape: readonly number[]): number[] | null {
  const numbers = Array.from(new BigInt64Array(indices.data.slice().buffer), Number)
  if (indices.shape.length === 1) return numbers
  const [count = 0, rank] = indices.shape
  if (indices.shape.length !== 2 || rank !== shape.length) return null
  return Array.from({ length: count }, (_, at) =>
    shape.reduce((place, size, axis) => {
      const index = numbers[at * shape.length + axis]!
      return index >= 0 && index < size ? place * size + index : Number.NaN
    }, 0),
  )
}
