/**
 * Protocol-buffers wire format, reading side. Every read checks its bounds first and nothing is allocated from a length that
 * the file merely claims, so malformed bytes cost at most one pass over them. Offsets in errors are those of the whole file.
 */
import { OnnxFormatError } from './errors.ts'
import { MAX_ITEMS } from './limits.ts'

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const MAX_VARINT_BYTES = 10

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Counts messages and strings over all nested readers of one file. */
export interface Budget {
  items: number
}

export interface Field {
  readonly number: number
  readonly wireType: number
  /** Where the field's tag starts. */
  readonly offset: number
}

export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  readonly #budget: Budget
  #position: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length, budget: Budget = { items: 0 }) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#position = start
    this.#end = end
    this.#budget = budget
  }

  get position(): number {
    return this.#position
  }

  /** The fields of this message, one after the other; the caller reads each field's value or skips it. */
  *fields(): Generator<Field, void, void> {
    while (this.#position < this.#end) {
      const offset = this.#position
      const tag = this.#varint()
      const number = Number(tag >> 3n)
      if (number === 0 || number > 0x1fffffff)
        throw new OnnxFormatError('bad-wire-type', offset, `Field number ${number} is not valid.`)
      yield { number, wireType: Number(tag & 7n), offset }
    }
  }

  skip(field: Field): void {
    switch (field.wireType) {
      case VARINT:
        this.#varint()
        return
      case FIXED64:
        this.#take(8)
        return
      case LENGTH_DELIMITED:
        this.#take(this.#length())
        return
      case FIXED32:
        this.#take(4)
        return
      default:
        throw new OnnxFormatError(
          'bad-wire-type',
          field.offset,
          `Field ${field.number} has the unknown wire type ${field.wireType}.`,
        )
    }
  }

  /** A signed 64-bit integer. */
  bigint(field: Field): bigint {
    this.#expect(field, VARINT)
    return BigInt.asIntN(64, this.#varint())
  }

  /** An integer that JavaScript holds exactly. */
  integer(field: Field): number {
    const value = Number(this.bigint(field))
    if (!Number.isSafeInteger(value))
      throw new OnnxFormatError('over-limit', field.offset, `The integer ${value} is too large.`)
    return value
  }

  float(field: Field): number {
    this.#expect(field, FIXED32)
    return this.#view.getFloat32(this.#take(4), true)
  }

  /** A view of the file, not a copy. */
  bytes(field: Field): Uint8Array {
    this.#expect(field, LENGTH_DELIMITED)
    this.#count(field)
    const length = this.#length()
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  text(field: Field): string {
    const value = this.bytes(field)
    try {
      return decoder.decode(value)
    } catch {
      throw new OnnxFormatError('bad-text', field.offset, `Field ${field.number} is not UTF-8 text.`)
    }
  }

  /** A reader of the nested message. */
  message(field: Field): ProtobufReader {
    this.#expect(field, LENGTH_DELIMITED)
    this.#count(field)
    const length = this.#length()
    const start = this.#take(length)
    return new ProtobufReader(this.#bytes, start, start + length, this.#budget)
  }

  /** Repeated integers, packed or one by one, given to `add`. */
  integers(field: Field, add: (value: bigint) => void): void {
    if (field.wireType === VARINT) {
      add(this.bigint(field))
      return
    }
    this.#expect(field, LENGTH_DELIMITED)
    const end = this.#packedEnd()
    while (this.#position < end) add(BigInt.asIntN(64, this.#varint(end)))
  }

  floats(field: Field, add: (value: number) => void): void {
    if (field.wireType === FIXED32) {
      add(this.float(field))
      return
    }
    this.#fixed(field, 4, position => add(this.#view.getFloat32(position, true)))
  }

  doubles(field: Field, add: (value: number) => void): void {
    if (field.wireType === FIXED64) {
      add(this.#view.getFloat64(this.#take(8), true))
      return
    }
    this.#fixed(field, 8, position => add(this.#view.getFloat64(position, true)))
  }

  #fixed(field: Field, width: number, read: (position: number) => void): void {
    this.#expect(field, LENGTH_DELIMITED)
    const end = this.#packedEnd()
    while (this.#position < end) {
      if (end - this.#position < width)
        throw new OnnxFormatError('truncated', this.#position, 'A packed list ends inside a number.')
      read(this.#take(width))
    }
  }

  #packedEnd(): number {
    const length = this.#length()
    if (length > this.#end - this.#position) throw this.#truncated(length)
    return this.#position + length
  }

  #expect(field: Field, wireType: number): void {
    if (field.wireType === wireType) return
    throw new OnnxFormatError(
      'bad-wire-type',
      field.offset,
      `Field ${field.number} has wire type ${field.wireType} instead of ${wireType}.`,
    )
  }

  #count(field: Field): void {
    if (++this.#budget.items > MAX_ITEMS)
      throw new OnnxFormatError('over-limit', field.offset, `The model has more than ${MAX_ITEMS} parts.`)
  }

  #length(): number {
    const length = this.#varint()
    if (length > BigInt(this.#end)) throw this.#truncated(Number(length))
    return Number(length)
  }

  #take(length: number): number {
    if (length > this.#end - this.#position) throw this.#truncated(length)
    const start = this.#position
    this.#position += length
    return start
  }

  #varint(end = this.#end): bigint {
    const start = this.#position
    let low = 0
    // Tags and lengths are small: 28 bits without BigInt arithmetic cover nearly all of them.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte(end)
      low |= (byte & 127) << shift
      if (byte < 128) return BigInt(low)
    }
    let value = BigInt(low)
    for (let count = 4; count < MAX_VARINT_BYTES; count++) {
      const byte = this.#byte(end)
      value |= BigInt(byte & 127) << BigInt(7 * count)
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw new OnnxFormatError('bad-varint', start, 'An integer is longer than ten bytes.')
  }

  #byte(end: number): number {
    if (this.#position >= end) throw this.#truncated(1)
    return this.#bytes[this.#position++]!
  }

  #truncated(length: number): OnnxFormatError {
    return new OnnxFormatError('truncated', this.#position, `${length} more bytes are claimed than the message has.`)
  }
}
