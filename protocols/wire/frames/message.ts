/**
 * Messages in frames. Frame: type (u8), three zero bytes, message id (u32 little-endian), then the payload: the head of a
 * request, note or answer as DAG-CBOR, a chunk of its body, or a refusal. Ids are the requester's; a side counts its
 * requests and notes together. Chunks of different messages may alternate, those of one are in order.
 */
import { decodeStrict, encode } from '../cbor.ts'
import { FRAME_PREFIX_BYTES, HASH_BYTES, MAX_BODY_BYTES, MAX_HEADER_BYTES } from '../constants.ts'
import { bytes, integer, isMap, nullable, object } from '../fields.ts'
import type { Hash } from '../messages.ts'
import { isRefusal, isRefusalReason, type Refusal, refuse } from '../refusals.ts'
import { readUint32, writeUint32 } from './uint32.ts'

export const FRAME_TYPES = {
  request: 1,
  note: 2,
  /** A chunk of the body of a request or note. */
  body: 3,
  answer: 4,
  answerBody: 5,
  refusal: 6,
  /** "I do not want the answer any more", or "the rest of this body will not come". */
  cancel: 7,
} as const

export type FrameType = keyof typeof FRAME_TYPES

export interface MessageFrame {
  readonly type: FrameType
  readonly id: number
  readonly payload: Uint8Array
}

export interface BodyHead {
  readonly bytes: number
  /** SHA-256 of the whole body. */
  readonly digest: Hash
}

export interface MessageHead {
  readonly header: unknown
  readonly body: BodyHead | null
}

const TYPE_NAMES: ReadonlyMap<number, FrameType> = new Map([
  [1, 'request'],
  [2, 'note'],
  [3, 'body'],
  [4, 'answer'],
  [5, 'answerBody'],
  [6, 'refusal'],
  [7, 'cancel'],
])

/** Of the message id in a frame's prefix. */
const ID_AT = 4

const MAX_DETAIL_CHARACTERS = 256

/** The prefix of a frame; its payload follows as a separate part, without a copy. */
export function framePrefix(type: FrameType, id: number): Uint8Array {
  const prefix = new Uint8Array(FRAME_PREFIX_BYTES)
  prefix[0] = FRAME_TYPES[type]
  writeUint32(prefix, ID_AT, id)
  return prefix
}

export function decodeFrame(frame: Uint8Array): MessageFrame | Refusal {
  if (frame.byteLength < FRAME_PREFIX_BYTES) return refuse('bad-encoding', `a frame of ${frame.byteLength} bytes`)
  const type = TYPE_NAMES.get(frame[0]!)
  // Type and the three zero bytes after it.
  if (type === undefined || readUint32(frame, 0) !== FRAME_TYPES[type])
    return refuse('bad-encoding', 'an unknown frame type')
  return { type, id: readUint32(frame, ID_AT), payload: frame.subarray(FRAME_PREFIX_BYTES) }
}

/** Throws a RangeError where the head is too long: that is a bug of the caller. */
export function encodeHead(head: MessageHead): Uint8Array {
  const encoded = encode(head)
  if (encoded.byteLength > MAX_HEADER_BYTES)
    throw new RangeError(`a header of ${encoded.byteLength} bytes, at most ${MAX_HEADER_BYTES} are allowed`)
  return encoded
}

const BODY_HEAD = nullable(object<BodyHead>({ bytes: integer(1, MAX_BODY_BYTES), digest: bytes(HASH_BYTES) }))
const HEAD = object<MessageHead>({ header: () => null, body: BODY_HEAD })

export function decodeHead(payload: Uint8Array): MessageHead | Refusal {
  const value = decodeStrict(payload, { maxBytes: MAX_HEADER_BYTES })
  if (isRefusal(value)) return value
  const wrong = HEAD(value, '')
  if (wrong !== null) return refuse('bad-encoding', wrong)
  return isHead(value) ? value : refuse('bad-encoding', 'not a message head')
}

export function encodeRefusal(refusal: Refusal): Uint8Array {
  const { refused, detail } = refusal
  return encode(detail === undefined ? { refused } : { refused, detail: detail.slice(0, MAX_DETAIL_CHARACTERS) })
}

/** The refusal that the other side sent; of unknown reason or shape: null. */
export function decodeRefusal(payload: Uint8Array): Refusal | null {
  const value = decodeStrict(payload, { maxBytes: 4 * MAX_DETAIL_CHARACTERS + 64 })
  if (!isMap(value) || !isRefusalReason(value['refused'])) return null
  const detail = value['detail']
  return typeof detail === 'string' ? refuse(value['refused'], detail) : refuse(value['refused'])
}

function isHead(value: unknown): value is MessageHead {
  return isMap(value) && 'header' in value
}
