/** Why bytes are not a model this reader takes. */
export type OnnxFaultReason =
  | 'truncated'
  | 'bad-varint'
  | 'bad-wire-type'
  | 'bad-text'
  | 'bad-tensor'
  | 'bad-function'
  | 'missing-field'
  | 'external-data'
  | 'unsupported'
  | 'over-limit'

/** Thrown for any bytes that are not a well-formed ONNX model. `offset` is a byte offset into the file. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError'
  readonly offset: number
  readonly reason: OnnxFaultReason

  constructor(reason: OnnxFaultReason, offset: number, sentence: string) {
    super(`${sentence} (at byte ${offset})`)
    this.reason = reason
    this.offset = offset
  }
}
