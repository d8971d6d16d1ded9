/**
 * The safetensors format (https://github.com/huggingface/safetensors, README "Format"): eight bytes with the header's length,
 * little-endian; a JSON header of names, types, shapes and offsets; the data, without gaps. Only f32 is written or read.
 */
import { bytesOf } from '../onnx/index.ts'
import type { NamedTensor } from './export-onnx.ts'

/** The reference implementation's bound (MAX_HEADER_SIZE). */
const MAX_HEADER_BYTES = 100_000_000

/** Header sizes are padded with spaces to this, so that the data is aligned. */
const ALIGNMENT_BYTES = 8

const LENGTH_BYTES = 8
const FLOAT_BYTES = 4
const METADATA_KEY = '__metadata__'

export type SafetensorsFault = 'truncated' | 'over-limit' | 'bad-header' | 'bad-tensor' | 'unsupported-type'

export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError'
  readonly reason: SafetensorsFault

  constructor(reason: SafetensorsFault, sentence: string) {
    super(sentence)
    this.reason = reason
  }
}

export interface SafetensorsFile {
  /** In the order of their data. */
  readonly parameters: Map<string, NamedTensor>
  readonly metadata: Readonly<Record<string, string>>
}

export function exportSafetensors(
  parameters: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA_KEY, metadata]] : []
  let end = 0
  for (const [name, { shape, data }] of parameters) {
    const begin = end
    end += data.byteLength
    entries.push([name, { dtype: 'F32', shape, data_offsets: [begin, end] }])
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  const headerBytes = Math.ceil(header.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + end).fill(0x20, 0, LENGTH_BYTES + headerBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true)
  file.set(header, LENGTH_BYTES)
  let offset = LENGTH_BYTES + headerBytes
  for (const { data } of parameters.values()) {
    file.set(bytesOf(data), offset)
    offset += data.byteLength
  }
  return file
}

/**
 * Strict: the data must cover the file from the header to its end, without gap or overlap, as the specification asks.
 * @throws SafetensorsError
 */
export function readSafetensors(file: Uint8Array): SafetensorsFile {
  if (file.length < LENGTH_BYTES)
    throw new SafetensorsError('truncated', 'The file is too short for the length of its header.')
  const headerBytes = new DataView(file.buffer, file.byteOffset, file.byteLength).getBigUint64(0, true)
  if (headerBytes > BigInt(MAX_HEADER_BYTES))
    throw new SafetensorsError('over-limit', `The header has more than ${MAX_HEADER_BYTES} bytes.`)
  const dataStart = LENGTH_BYTES + Number(headerBytes)
  if (dataStart > file.length) throw new SafetensorsError('truncated', 'The file ends inside its header.')
  const header = parseHeader(file.subarray(LENGTH_BYTES, dataStart))
  const metadata = checkMetadata(header.get(METADATA_KEY) ?? {})
  header.delete(METADATA_KEY)
  const entries = [...header]
    .map(([name, entry]) => checkEntry(name, entry))
    .sort((a, b) => a.begin - b.begin || a.end - b.end)
  const data = file.subarray(dataStart)
  const parameters = new Map<string, NamedTensor>()
  let covered = 0
  for (const { name, shape, begin, end } of entries) {
    if (begin !== covered)
      throw new SafetensorsError('bad-tensor', `The data of '${name}' starts at ${begin} instead of ${covered}.`)
    if (end > data.length) throw new SafetensorsError('truncated', `The data of '${name}' ends after the file.`)
    // Copied, because a view of the file need not be aligned.
    parameters.set(name, { shape, data: new Float32Array(data.slice(begin, end).buffer) })
    covered = end
  }
  if (covered !== data.length)
    throw new SafetensorsError('bad-tensor', `${data.length - covered} bytes after the last tensor belong to none.`)
  return { parameters, metadata }
}

function parseHeader(bytes: Uint8Array): Map<string, unknown> {
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new SafetensorsError('bad-header', 'The header is not JSON.')
  }
  return new Map(Object.entries(asObject(header, 'The header')))
}

function checkMetadata(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(asObject(value, `'${METADATA_KEY}'`)).map(([key, text]): [string, string] => {
    if (typeof text !== 'string') throw new SafetensorsError('bad-header', `The metadata '${key}' is not text.`)
    return [key, text]
  })
  return Object.fromEntries(entries)
}

interface Entry {
  readonly name: string
  readonly shape: number[]
  readonly begin: number
  readonly end: number
}

function checkEntry(name: string, value: unknown): Entry {
  const entry = asObject(value, `The entry of '${name}'`)
  if (entry['dtype'] !== 'F32')
    throw new SafetensorsError(
      'unsupported-type',
      `'${name}' has the type ${String(entry['dtype'])}; only F32 is read.`,
    )
  const shape = asSizes(entry['shape'], `The shape of '${name}'`)
  const [begin, end, ...rest] = asSizes(entry['data_offsets'], `The offsets of '${name}'`)
  const bytes = shape.reduce((product, size) => product * size, FLOAT_BYTES)
  if (begin === undefined || end === undefined || rest.length > 0 || end - begin !== bytes) {
    throw new SafetensorsError('bad-tensor', `The offsets of '${name}' do not fit its shape [${shape}].`)
  }
  return { name, shape, begin, end }
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new SafetensorsError('bad-header', `${what} is not an object.`)
}

function asSizes(value: unknown, what: string): number[] {
  if (!Array.isArray(value)) throw new SafetensorsError('bad-header', `${what} is not a list.`)
  return value.map((size: unknown) => {
    if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size
    throw new SafetensorsError('bad-header', `${what} holds something other than whole numbers.`)
  })
}
