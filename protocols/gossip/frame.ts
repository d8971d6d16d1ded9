/** A message on a topic: one byte that names its kind, then the kind's own encoding. */
import type { ContentId } from '../wire/messages.ts'
import { type Refusal, refuse } from '../wire/refusals.ts'
import { GOSSIP_VERSION, KIND_CODES, MESSAGE_MAX_BYTES } from './constants.ts'
import type { GossipKind } from './types.ts'

const KINDS: readonly GossipKind[] = ['certificate', 'settled', 'close', 'record', 'announced']

/** Topic of a stage: certificates, SETTLEDs, close bundles and records of it. */
export function topicOf(run: ContentId, stage: number): string {
  return `/swarm-node/${run}/${stage}/${GOSSIP_VERSION}`
}

export function encodeFrame(kind: GossipKind, body: Uint8Array): Uint8Array | Refusal {
  if (body.byteLength + 1 > MESSAGE_MAX_BYTES) return refuse('too-large', `${kind} of ${body.byteLength} bytes`)
  const frame = new Uint8Array(body.byteLength + 1)
  frame[0] = KIND_CODES[kind]
  frame.set(body, 1)
  return frame
}

/** The body is a view of `frame`. */
export function decodeFrame(frame: Uint8Array): { readonly kind: GossipKind; readonly body: Uint8Array } | Refusal {
  if (frame.byteLength > MESSAGE_MAX_BYTES) return refuse('too-large', `${frame.byteLength} bytes`)
  const code = frame[0]
  if (code === undefined || frame.byteLength === 1) return refuse('bad-encoding', 'an empty message')
  const kind = KINDS.find(candidate => KIND_CODES[candidate] === code)
  return kind === undefined ? refuse('bad-encoding', `kind ${code}`) : { kind, body: frame.subarray(1) }
}
