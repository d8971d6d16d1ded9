/** Protocol-buffers wire format, writing side. Nested messages are joined by reference: large tensors are copied once. */

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

const encoder = new TextEncoder()

export class ProtobufWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** int32, int64, enum: a negative value takes ten bytes, as in protobuf. */
  integer(field: number, value: number | bigint): void {
    this.#tag(field, VARINT)
    this.#varint(BigInt.asUintN(64, BigInt(value)))
  }

  float(field: number, value: number): void {
    this.#tag(field, FIXED32)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    this.#push(bytes)
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(BigInt(value.length))
    this.#push(value)
  }

  text(field: number, value: string): void {
    this.bytes(field, encoder.encode(value))
  }

  /** proto3 leaves empty strings out. */
  optionalText(field: number, value: string): void {
    if (value !== '') this.text(field, value)
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter()
    write(inner)
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(BigInt(inner.#length))
    for (const part of inner.#parts) this.#push(part)
  }

  finish(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let offset = 0
    for (const part of this.#parts) {
      all.set(part, offset)
      offset += part.length
    }
    return all
  }

  #tag(field: number, wireType: number): void {
    this.#varint(BigInt((field << 3) | wireType))
  }

  #varint(value: bigint): void {
    const bytes: number[] = []
    let rest = value
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128)
      rest >>= 7n
    }
    bytes.push(Number(rest))
    this.#push(Uint8Array.from(bytes))
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part)
    this.#length += part.length
  }
}
