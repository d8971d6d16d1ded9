/** Elements of constant tensors as JavaScript numbers, and back. */
import { bytesOf, DataType, type Tensor } from '../onnx/index.ts'
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half.ts'
import { elements, type Shape } from './shape.ts'

type Store = ArrayLike<number | bigint> & { [index: number]: number | bigint }
type Maker = (buffer: ArrayBuffer) => Store & ArrayBufferView

/** Types that constants are computed in; 64-bit integers become numbers, exact up to 2^53, which sizes and indices are. */
const ARRAYS: Readonly<Record<number, { readonly bytes: number; readonly make: Maker }>> = {
  [DataType.float32]: { bytes: 4, make: buffer => new Float32Array(buffer) },
  [DataType.float64]: { bytes: 8, make: buffer => new Float64Array(buffer) },
  [DataType.int32]: { bytes: 4, make: buffer => new Int32Array(buffer) },
  [DataType.int64]: { bytes: 8, make: buffer => new BigInt64Array(buffer) },
  [DataType.uint8]: { bytes: 1, make: buffer => new Uint8Array(buffer) },
  [DataType.int8]: { bytes: 1, make: buffer => new Int8Array(buffer) },
  [DataType.bool]: { bytes: 1, make: buffer => new Uint8Array(buffer) },
  [DataType.float16]: { bytes: 2, make: buffer => new Uint16Array(buffer) },
  [DataType.bfloat16]: { bytes: 2, make: buffer => new Uint16Array(buffer) },
}

/** Types whose elements are kept as bits. */
const CODES: Readonly<
  Record<number, { readonly read: (bits: number) => number; readonly write: (value: number) => number }>
> = {
  [DataType.float16]: { read: fromFloat16, write: toFloat16 },
  [DataType.bfloat16]: { read: fromBfloat16, write: toBfloat16 },
}

export function canCompute(type: DataType): boolean {
  return ARRAYS[type] !== undefined
}

export function isInteger(type: DataType): boolean {
  return type === DataType.int64 || type === DataType.int32 || type === DataType.int8 || type === DataType.uint8
}

/** Values of a tensor whose type `canCompute`. */
export function numbersOf(tensor: Tensor): number[] {
  const array = ARRAYS[tensor.type]
  if (array === undefined) throw new TypeError(`Tensor '${tensor.name}' has a type that is not computed with.`)
  // The data may lie unaligned in a file, so it is copied first.
  const store = array.make(tensor.data.slice().buffer)
  const values = Array.from(store, Number)
  const code = CODES[tensor.type]
  return code === undefined ? values : values.map(code.read)
}

const INT64_MAX = 2n ** 63n - 1n

export function tensorOf(name: string, type: DataType, shape: Shape, values: readonly number[]): Tensor {
  const array = ARRAYS[type]
  if (array === undefined) throw new TypeError(`Type ${type} is not computed with.`)
  if (values.length !== elements(shape))
    throw new RangeError(`${values.length} values do not fill the shape [${shape}].`)
  const store = array.make(new ArrayBuffer(values.length * array.bytes))
  const write = CODES[type]?.write ?? (plain => plain)
  for (const [index, value] of values.entries()) {
    store[index] =
      type === DataType.int64 ? toInt64(value) : type === DataType.bool ? Number(value !== 0) : write(value)
  }
  return { name, type, shape, data: bytesOf(store), documentation: '' }
}

/** Exporters write the largest int64 for "to the end", which a double rounds up to a value that no int64 holds. */
function toInt64(value: number): bigint {
  if (value >= 2 ** 63) return INT64_MAX
  if (value <= -(2 ** 63)) return -INT64_MAX - 1n
  return BigInt(Math.trunc(value))
}
