/** Element types of tensors (onnx.proto, TensorProto.DataType). */

export const DataType = {
  undefined: 0,
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8e4m3fn: 17,
  float8e4m3fnuz: 18,
  float8e5m2: 19,
  float8e5m2fnuz: 20,
  uint4: 21,
  int4: 22,
  float4e2m1: 23,
  float8e8m0: 24,
  uint2: 25,
  int2: 26,
} as const

export type DataType = (typeof DataType)[keyof typeof DataType]

/** Bits of one element; types that are not here (strings, unknown ones) have no fixed size. */
const BITS: Readonly<Record<number, number>> = {
  [DataType.float32]: 32,
  [DataType.uint8]: 8,
  [DataType.int8]: 8,
  [DataType.uint16]: 16,
  [DataType.int16]: 16,
  [DataType.int32]: 32,
  [DataType.int64]: 64,
  [DataType.bool]: 8,
  [DataType.float16]: 16,
  [DataType.float64]: 64,
  [DataType.uint32]: 32,
  [DataType.uint64]: 64,
  [DataType.complex64]: 64,
  [DataType.complex128]: 128,
  [DataType.bfloat16]: 16,
  [DataType.float8e4m3fn]: 8,
  [DataType.float8e4m3fnuz]: 8,
  [DataType.float8e5m2]: 8,
  [DataType.float8e5m2fnuz]: 8,
  [DataType.uint4]: 4,
  [DataType.int4]: 4,
  [DataType.float4e2m1]: 4,
  [DataType.float8e8m0]: 8,
  [DataType.uint2]: 2,
  [DataType.int2]: 2,
}

/** Bytes of `count` elements, packed; undefined where the type has no fixed size. */
export function byteLength(type: DataType, count: number): number | undefined {
  const bits = BITS[type]
  return bits === undefined ? undefined : Math.ceil((count * bits) / 8)
}

const NAMES = new Map<number, string>(Object.entries(DataType).map(([name, code]) => [code, name]))

export function dataTypeName(type: number): string {
  return NAMES.get(type) ?? `type ${type}`
}

export function isDataType(code: number): code is DataType {
  return NAMES.has(code)
}

export function isFloat(type: DataType): boolean {
  return (
    type === DataType.float32 || type === DataType.float64 || type === DataType.float16 || type === DataType.bfloat16
  )
}
