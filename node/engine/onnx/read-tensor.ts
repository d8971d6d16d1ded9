/** TensorProto to a tensor with raw little-endian data, whichever of the seven data fields the file uses. */
import { byteLength, DataType, dataTypeName, isDataType } from './data-type.ts'
import { OnnxFormatError } from './errors.ts'
import { type ExternalData, type ExternalEntries, externalBytes, readExternalEntry } from './external-data.ts'
import { TENSOR } from './fields.ts'
import { MAX_RANK } from './limits.ts'
import type { Tensor } from './model.ts'
import type { Field, ProtobufReader } from './protobuf-reader.ts'

const EXTERNAL = 1

/** @param external where data that lies in other files comes from; null refuses it */
export function readTensor(reader: ProtobufReader, external: ExternalData | null): Tensor {
  const start = reader.position
  let name = ''
  let documentation = ''
  let code = 0
  let raw: Uint8Array | null = null
  const shape: number[] = []
  const strings: Uint8Array[] = []
  const elements = new ElementList()
  let isExternal = false
  const entries: ExternalEntries = { location: undefined, offset: undefined, length: undefined }
  for (const field of reader.fields()) {
    switch (field.number) {
      case TENSOR.dims:
        reader.integers(field, value => shape.push(dimension(value, shape, field)))
        break
      case TENSOR.type:
        code = reader.integer(field)
        break
      case TENSOR.floatData:
        reader.floats(field, value => elements.add(value))
        break
      case TENSOR.int32Data:
      case TENSOR.int64Data:
      case TENSOR.uint64Data:
        reader.integers(field, value => elements.add(value))
        break
      case TENSOR.doubleData:
        reader.doubles(field, value => elements.add(value))
        break
      case TENSOR.stringData:
        strings.push(reader.bytes(field))
        break
      case TENSOR.name:
        name = reader.text(field)
        break
      case TENSOR.rawData:
        raw = reader.bytes(field)
        break
      case TENSOR.documentation:
        documentation = reader.text(field)
        break
      case TENSOR.dataLocation:
        isExternal = reader.integer(field) === EXTERNAL
        break
      case TENSOR.externalData:
        readExternalEntry(reader.message(field), entries)
        break
      case TENSOR.segment:
        throw new OnnxFormatError(
          'unsupported',
          field.offset,
          `Tensor '${name}' comes in segments, which no tool writes any more.`,
        )
      default:
        reader.skip(field)
    }
  }
  const fail = (sentence: string) => new OnnxFormatError('bad-tensor', start, `Tensor '${name}' ${sentence}`)
  if (!isDataType(code) || code === DataType.undefined) throw fail(`has the unknown element type ${code}.`)
  const count = shape.reduce((product, size) => product * size, 1)
  const bytes = byteLength(code, count)
  if (isExternal) {
    if (bytes === undefined || !Number.isSafeInteger(bytes))
      throw fail(`of the shape [${shape}] and type ${dataTypeName(code)} cannot keep its data in another file.`)
    if (raw !== null && raw.length > 0) throw fail('has its data in the model and in another file.')
    return { name, type: code, shape, data: externalBytes(name, entries, bytes, external, start), documentation }
  }
  if (code === DataType.string) {
    if (strings.length !== count) throw fail(`has ${strings.length} strings for the shape [${shape}].`)
    return { name, type: code, shape, data: new Uint8Array(), strings, documentation }
  }
  const data = raw ?? elements.toBytes(code)
  if (data === null) throw fail(`of type ${dataTypeName(code)} has its data in a field that does not fit the type.`)
  if (data.length !== bytes)
    throw fail(`has ${data.length} bytes of data for the shape [${shape}] of ${dataTypeName(code)}.`)
  return { name, type: code, shape, data, documentation }
}

function dimension(value: bigint, shape: readonly number[], field: Field): number {
  if (shape.length >= MAX_RANK)
    throw new OnnxFormatError('over-limit', field.offset, `A tensor has more than ${MAX_RANK} dimensions.`)
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new OnnxFormatError('bad-tensor', field.offset, `A tensor has the dimension ${value}.`)
  }
  return Number(value)
}

/** Writes one element of the typed data fields in its raw form; 16-bit and 8-bit types travel in int32_data as bit patterns. */
const WRITERS: Readonly<Record<number, (view: DataView, at: number, value: number | bigint) => void>> = {
  [DataType.float32]: (view, at, value) => view.setFloat32(at, Number(value), true),
  [DataType.complex64]: (view, at, value) => view.setFloat32(at, Number(value), true),
  [DataType.float64]: (view, at, value) => view.setFloat64(at, Number(value), true),
  [DataType.complex128]: (view, at, value) => view.setFloat64(at, Number(value), true),
  [DataType.int64]: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  [DataType.uint64]: (view, at, value) => view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), true),
  [DataType.int32]: (view, at, value) => view.setInt32(at, Number(value), true),
  [DataType.uint32]: (view, at, value) => view.setUint32(at, Number(value), true),
  [DataType.int16]: (view, at, value) => view.setInt16(at, Number(value), true),
  [DataType.uint16]: (view, at, value) => view.setUint16(at, Number(value), true),
  [DataType.float16]: (view, at, value) => view.setUint16(at, Number(value), true),
  [DataType.bfloat16]: (view, at, value) => view.setUint16(at, Number(value), true),
}

/** Bytes of one entry of a typed field; complex numbers are two entries, and packed 4-bit types one byte each pair. */
const ENTRY_BYTES: Readonly<Record<number, number>> = { [DataType.complex64]: 4, [DataType.complex128]: 8 }

/** Elements of a typed data field while they are read: they grow with the bytes that are really there. */
class ElementList {
  readonly #floats: number[] = []
  readonly #integers: bigint[] = []

  add(value: number | bigint): void {
    if (typeof value === 'bigint') this.#integers.push(value)
    else this.#floats.push(value)
  }

  /** Null where the type cannot be in the field that was filled. */
  toBytes(type: DataType): Uint8Array | null {
    const isFloat =
      type === DataType.float32 ||
      type === DataType.float64 ||
      type === DataType.complex64 ||
      type === DataType.complex128
    const values = isFloat ? this.#floats : this.#integers
    if ((isFloat ? this.#integers : this.#floats).length > 0) return null
    const width = ENTRY_BYTES[type] ?? byteLength(type, 1) ?? 1
    const data = new Uint8Array(values.length * width)
    const view = new DataView(data.buffer)
    const write =
      WRITERS[type] ?? ((at: DataView, offset: number, value: number | bigint) => at.setUint8(offset, Number(value)))
    for (const [index, value] of values.entries()) write(view, index * width, value)
    return data
  }
}
