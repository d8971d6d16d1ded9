/** Why something from the wire was not taken. A refusal is a value, counted by reason; an exception is a bug. */

export const REFUSALS = {
  'bad-encoding': 'the bytes are not canonical DAG-CBOR of the expected shape',
  'bad-signature': 'the signature does not match the signer and payload',
  'wrong-domain': 'the envelope was signed for another purpose',
  'wrong-version': 'the peer speaks another protocol version; upgrade the older of the two',
  'wrong-genesis': 'the peer is on another chain',
  'wrong-run': 'the peer trains another run',
  'wrong-epoch': 'the message belongs to another epoch',
  'wrong-group': 'the signer counted another set of seats',
  'wrong-stage': 'the message belongs to another stage',
  'stale-round': 'the round is already decided here',
  'future-round': 'the round is too far ahead',
  'stale-record': 'a newer record of this peer is known',
  'no-seat': 'the signer has no seat in this stage: its bond is missing or below the floor',
  'not-allowed': 'this peer may not send this message here',
  'out-of-bounds': 'a field is outside its bound',
  'too-large': 'the message is longer than its limit',
  'wrong-shape': 'the tensor has another shape or type than the manifest says',
  'not-finite': 'the tensor holds NaN or infinity',
  statistics: 'the tensor is unlike those that siblings receive in size, sign or direction',
  'wrong-hash': 'the bytes do not match the hash that was signed',
  duplicate: 'this was received before',
  contradiction: 'the signer signed something else before; both signatures are kept as evidence',
  'unknown-item': 'the requested item is not held here',
  pruned: 'the round is so old that it is no longer kept here; take a snapshot',
  paused: 'the peer is about to pause and takes no more work',
  overloaded: 'a queue is at its limit; try again later',
  aborted: 'the operation was cancelled',
  'timed-out': 'no answer came in time',
  unreachable: 'the peer cannot be reached, or the stream to it ended',
  'not-available': 'this version does not support what was asked for',
} as const

export type RefusalReason = keyof typeof REFUSALS

export function isRefusalReason(value: unknown): value is RefusalReason {
  return typeof value === 'string' && Object.hasOwn(REFUSALS, value)
}

export interface Refusal {
  readonly refused: RefusalReason
  /** What exactly, for the log. */
  readonly detail?: string
}

export function refuse(refused: RefusalReason, detail?: string): Refusal {
  return detail === undefined ? { refused } : { refused, detail }
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refused' in value && isRefusalReason(value.refused)
}
