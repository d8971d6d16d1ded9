/**
 * Tensors whose data lies in another file (TensorProto.external_data). A model may come from anyone, so it reads no file by
 * itself: whoever calls the reader hands in what may be read, or nothing. Here only what the model says is checked; that a
 * name stays inside a folder is for who opens it (`../files/`).
 */
import { OnnxFormatError } from './errors.ts'
import { EXTERNAL_ENTRY } from './fields.ts'
import { MAX_LOCATION_LENGTH } from './limits.ts'
import type { ProtobufReader } from './protobuf-reader.ts'

/** Part of a file beside the model. */
export interface ExternalRange {
  /** Path relative to the model's folder, parts divided by `/`, none of them `..`. */
  readonly location: string
  /** Bytes. */
  readonly offset: number
  /** Bytes, as many as the tensor's shape and type take. */
  readonly length: number
}

export interface ExternalData {
  /** Exactly `length` bytes. @throws ExternalDataError where they cannot or must not be read */
  read(range: ExternalRange): Uint8Array
}

/** Why a range was not read; the sentence names the file. The reader turns it into an `OnnxFormatError`. */
export class ExternalDataError extends Error {
  override readonly name = 'ExternalDataError'
}

/** One entry of the list as the file has it: what is needed of it, or undefined. */
export interface ExternalEntries {
  location: string | undefined
  offset: string | undefined
  length: string | undefined
}

export function readExternalEntry(reader: ProtobufReader, entries: ExternalEntries): void {
  let key = ''
  let value = ''
  for (const field of reader.fields()) {
    if (field.number === EXTERNAL_ENTRY.key) key = reader.text(field)
    else if (field.number === EXTERNAL_ENTRY.value) value = reader.text(field)
    else reader.skip(field)
  }
  if (key === 'location' || key === 'offset' || key === 'length') entries[key] = value
}

/**
 * The bytes of a tensor that keeps them elsewhere.
 * @param bytes how many its shape and type take
 * @param at where in the model, for errors
 */
export function externalBytes(
  name: string,
  entries: ExternalEntries,
  bytes: number,
  external: ExternalData | null,
  at: number,
): Uint8Array {
  const fail = (sentence: string) => new OnnxFormatError('external-data', at, `Tensor '${name}' ${sentence}`)
  if (external === null)
    throw fail('keeps its data in another file; export the model with its weights inside (one file)')
  const { location } = entries
  if (location === undefined || !isInside(location))
    throw fail('names a file that does not lie beside the model or below it')
  const offset = count(entries.offset ?? '0')
  const length = count(entries.length ?? String(bytes))
  if (offset === null || length === null) throw fail('has an offset or a length in its file that is no count of bytes')
  if (length !== bytes) throw fail(`has ${length} bytes in its file, but its shape takes ${bytes}`)
  if (bytes === 0) return new Uint8Array()
  try {
    const data = external.read({ location, offset, length })
    if (data.length === bytes) return data
    throw fail(`got ${data.length} bytes instead of ${bytes}`)
  } catch (error) {
    if (!(error instanceof ExternalDataError)) throw error
    throw fail(`cannot be read: ${error.message}`)
  }
}

/** A relative path that names no folder above, on any system: no backslash, drive letter or NUL either. */
function isInside(location: string): boolean {
  if (location.length > MAX_LOCATION_LENGTH || /[\\:\0]/.test(location)) return false
  return location.split('/').every(part => part !== '' && part !== '..')
}

/** Decimal digits as a number that JavaScript holds exactly; null for anything else. */
function count(text: string): number | null {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}
