/**
 * Records of an append-only file:
 *
 *     length u32 LE | sha256(length)[0..4] | sha256(payload)[0..8] | payload | 0x0a
 *
 * Every record is flushed before the next is written, so only the last one can be incomplete. Its length has a check of its
 * own: a flipped bit there would otherwise look like an incomplete last record and hide all that follow.
 */
import { createHash } from 'node:crypto'
import { RECORD_HEADER_BYTES, RECORD_TRAILER_BYTES } from './constants.ts'
import { JournalDamaged } from './errors.ts'

const TRAILER = 0x0a

/** A record's bytes around `payload`: header and trailer. */
export function recordFrame(payload: Uint8Array): { header: Uint8Array; trailer: Uint8Array } {
  const header = new Uint8Array(RECORD_HEADER_BYTES)
  new DataView(header.buffer).setUint32(0, payload.length, true)
  header.set(sha256(header.subarray(0, 4)).subarray(0, 4), 4)
  header.set(sha256(payload).subarray(0, 8), 8)
  return { header, trailer: Uint8Array.of(TRAILER) }
}

/** The whole record in one piece; for payloads that are small enough to copy. */
export function encodeRecord(payload: Uint8Array): Uint8Array {
  const { header, trailer } = recordFrame(payload)
  const record = new Uint8Array(header.length + payload.length + trailer.length)
  record.set(header)
  record.set(payload, header.length)
  record.set(trailer, header.length + payload.length)
  return record
}

export function recordBytes(payloadBytes: number): number {
  return RECORD_HEADER_BYTES + payloadBytes + RECORD_TRAILER_BYTES
}

/** Payload length that a header announces, or null where the header does not check. */
export function payloadBytesOf(header: Uint8Array, maxBytes: number): number | null {
  if (header.length < RECORD_HEADER_BYTES) return null
  const length = new DataView(header.buffer, header.byteOffset).getUint32(0, true)
  const check = sha256(header.subarray(0, 4)).subarray(0, 4)
  return length <= maxBytes && equal(check, header.subarray(4, 8)) ? length : null
}

export function payloadMatches(header: Uint8Array, payload: Uint8Array): boolean {
  return equal(sha256(payload).subarray(0, 8), header.subarray(8, 16))
}

export interface ReadRecord {
  readonly payload: Uint8Array
  /** Byte offset of the record. */
  readonly offset: number
}

/**
 * All complete records of a file and where to go on writing. An incomplete last record (cut short, or zeros where the
 * disk never got the bytes) is left out; it was never flushed, so nobody relied on it.
 *
 * @throws JournalDamaged where a record that was flushed cannot be read
 */
export function readRecords(file: string, bytes: Uint8Array, maxBytes: number): { records: ReadRecord[]; length: number } {
  const records: ReadRecord[] = []
  let offset = 0
  while (offset < bytes.length) {
    const rest = bytes.subarray(offset)
    const read = readOne(rest, maxBytes)
    if (read === 'incomplete') break
    if (typeof read === 'string') throw new JournalDamaged(file, offset, read)
    records.push({ payload: read, offset })
    offset += recordBytes(read.length)
  }
  return { records, length: offset }
}

function readOne(rest: Uint8Array, maxBytes: number): Uint8Array | 'incomplete' | `damage: ${string}` {
  if (rest.length < RECORD_HEADER_BYTES) return 'incomplete'
  const payloadBytes = payloadBytesOf(rest, maxBytes)
  if (payloadBytes === null) return isZero(rest) ? 'incomplete' : 'damage: the length does not check'
  const bytes = recordBytes(payloadBytes)
  if (rest.length < bytes) return 'incomplete'
  const payload = rest.subarray(RECORD_HEADER_BYTES, bytes - RECORD_TRAILER_BYTES)
  if (payloadMatches(rest, payload) && rest[bytes - 1] === TRAILER) return payload
  // The file system may lengthen a file before it writes the data: then the tail is zeros, which a whole record never is.
  return rest.length === bytes && rest[bytes - 1] === 0 ? 'incomplete' : 'damage: the content does not check'
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 0)
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
