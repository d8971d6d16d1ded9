/**
 * Records of an append-only file:
 *
 *     length u32 LE | sha256(length)[0..4] | sha256(payload)[0..8] | payload | 0x0a
 *
 * Most records are flushed before the next is written, so only the last one can be incomplete; of certificates several may wait
 * for one flush. A length has a check of its own: a flipped bit there would otherwise look like an incomplete last record and
 * hide all that follow.
 */
import { createHash } from 'node:crypto'
import { equalBytes } from '../../protocols/wire/hash.ts'
import { nativeHash } from '../engine/runtime/hashing.ts'
import { COPY_CHUNK_BYTES, RECORD_HEADER_BYTES, RECORD_TRAILER_BYTES } from './constants.ts'
import { JournalDamaged } from './errors.ts'
import type { Storage } from './storage.ts'

const TRAILER = 0x0a

/** Bytes of a whole record. */
export function recordBytes(payloadBytes: number): number {
  return RECORD_HEADER_BYTES + payloadBytes + RECORD_TRAILER_BYTES
}

/** A record around a payload given in parts, without copying them. */
export function encodeRecord(...payload: readonly Uint8Array[]): Uint8Array[] {
  const header = new Uint8Array(RECORD_HEADER_BYTES)
  new DataView(header.buffer).setUint32(0, sumBytes(payload), true)
  header.set(sha256([header.subarray(0, 4)]).subarray(0, 4), 4)
  header.set(sha256(payload).subarray(0, 8), 8)
  return [header, ...payload, Uint8Array.of(TRAILER)]
}

export interface RecordFile {
  readonly file: string
  readonly maxPayloadBytes: number
  /** How many records at the end may never have been flushed. */
  readonly loose: 'one' | 'several'
}

/**
 * Calls back with every complete record's payload and offset and returns where to go on writing. What is incomplete at the end
 * (cut short, or zeros from some byte on, where the disk never got them) is left out; it was never flushed, so nobody relied on it.
 *
 * @throws JournalDamaged where a record that was flushed cannot be read
 */
export async function scanRecords(
  storage: Storage,
  { file, maxPayloadBytes, loose }: RecordFile,
  visit: (payload: Uint8Array, offset: number) => void,
): Promise<number> {
  const size = (await storage.size(file)) ?? 0
  let offset = 0
  let window: Uint8Array = new Uint8Array(0)
  let windowStart = 0
  /** `bytes` bytes of the file from `offset`; small records are read many at a time. */
  const take = async (bytes: number): Promise<Uint8Array> => {
    if (offset + bytes > windowStart + window.length) {
      windowStart = offset
      window =
        (await storage.readAt(file, offset, Math.min(size - offset, Math.max(bytes, COPY_CHUNK_BYTES)))) ?? window
    }
    return window.subarray(offset - windowStart, offset - windowStart + bytes)
  }
  while (offset < size) {
    const rest = size - offset
    if (rest < RECORD_HEADER_BYTES) break
    const payloadBytes = payloadBytesOf(await take(RECORD_HEADER_BYTES), maxPayloadBytes)
    if (payloadBytes === null) {
      if (await isZeroFrom(storage, file, offset + RECORD_HEADER_BYTES, size)) break
      throw new JournalDamaged(file, offset, 'the length does not match its check')
    }
    const bytes = recordBytes(payloadBytes)
    if (rest < bytes) break
    const record = await take(bytes)
    const payload = record.subarray(RECORD_HEADER_BYTES, bytes - RECORD_TRAILER_BYTES)
    if (!payloadMatches(record, payload) || record[bytes - 1] !== TRAILER) {
      // The file system may lengthen a file before it writes the data: its tail is then zero, which a trailer never is.
      const mayBeLoose = rest === bytes || loose === 'several'
      if (mayBeLoose && record[bytes - 1] === 0 && (await isZeroFrom(storage, file, offset + bytes, size))) break
      throw new JournalDamaged(file, offset, 'the content does not match its check')
    }
    visit(payload, offset)
    offset += bytes
  }
  return offset
}

/** The payload of the record at `offset`, or null where it cannot be read. */
export async function readRecord(
  storage: Storage,
  file: string,
  offset: number,
  maxPayloadBytes: number,
): Promise<Uint8Array | null> {
  const header = await storage.readAt(file, offset, RECORD_HEADER_BYTES)
  const payloadBytes = header === null ? null : payloadBytesOf(header, maxPayloadBytes)
  if (header === null || payloadBytes === null) return null
  const payload = await storage.readAt(file, offset + RECORD_HEADER_BYTES, payloadBytes)
  return payload !== null && payload.length === payloadBytes && payloadMatches(header, payload) ? payload : null
}

function payloadBytesOf(header: Uint8Array, maxBytes: number): number | null {
  if (header.length < RECORD_HEADER_BYTES) return null
  const length = new DataView(header.buffer, header.byteOffset).getUint32(0, true)
  return length <= maxBytes && equalBytes(sha256([header.subarray(0, 4)]).subarray(0, 4), header.subarray(4, 8))
    ? length
    : null
}

function payloadMatches(header: Uint8Array, payload: Uint8Array): boolean {
  return equalBytes(sha256([payload]).subarray(0, 8), header.subarray(8, RECORD_HEADER_BYTES))
}

async function isZeroFrom(storage: Storage, file: string, offset: number, size: number): Promise<boolean> {
  for (let at = offset; at < size; at += COPY_CHUNK_BYTES) {
    const piece = await storage.readAt(file, at, Math.min(COPY_CHUNK_BYTES, size - at))
    if (piece === null || piece.some(byte => byte !== 0)) return false
  }
  return true
}

export function sumBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

/** On the calling thread: records of the journal are small; those of aggregates cost 1 ms a MiB. */
export function sha256(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return nativeHash(first)
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
