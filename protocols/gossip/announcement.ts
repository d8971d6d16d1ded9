/** "This stage has certified this round": stands for a certificate that is too long to be gossiped itself. */
import { decodeStrict, encode } from '../wire/cbor.ts'
import { MAX_STAGES } from '../wire/constants.ts'
import { integer, isMap, object } from '../wire/fields.ts'
import { contentIdText, hash } from '../wire/message-fields.ts'
import type { ContentId, Hash } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { ANNOUNCEMENT_MAX_BYTES } from './constants.ts'

export interface Announcement {
  readonly genesis: Hash
  readonly run: ContentId
  readonly stage: number
  readonly round: number
  /** SHA-256 of the encoded certificate. */
  readonly hash: Hash
}

const FIELDS = object<Announcement>({
  genesis: hash,
  run: contentIdText,
  stage: integer(0, MAX_STAGES - 1),
  round: integer(0, Number.MAX_SAFE_INTEGER),
  hash,
})

export function encodeAnnouncement(announcement: Announcement): Uint8Array {
  return encode(announcement)
}

export function decodeAnnouncement(body: Uint8Array): Announcement | Refusal {
  const value = decodeStrict(body, { maxBytes: ANNOUNCEMENT_MAX_BYTES })
  if (isRefusal(value)) return value
  return isAnnouncement(value) ? value : refuse('out-of-bounds', `announcement: ${FIELDS(value, '') ?? 'not a map'}`)
}

function isAnnouncement(value: unknown): value is Announcement {
  return isMap(value) && FIELDS(value, '') === null
}
