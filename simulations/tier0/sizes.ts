/** What messages weigh on the wire: the lengths of their encodings, near enough for queues on links. */
import type { Payload } from '../../protocols/wire/messages.ts'

/** Envelope, scope and the smaller fields. */
const BASE_BYTES = 420
const HASH_BYTES = 34
const NAME_BYTES = 54

export function bytesOf(payload: Payload): number {
  switch (payload.kind) {
    case 'commit':
      return BASE_BYTES + HASH_BYTES * payload.leaves.length + (NAME_BYTES + 12) * payload.trace.length
    case 'have':
      return BASE_BYTES + (NAME_BYTES + HASH_BYTES + 8) * payload.held.length
    case 'propose': {
      const { commits } = payload.value
      return BASE_BYTES + 400 + (commits === 'skip' ? 0 : commits.length * (NAME_BYTES + HASH_BYTES))
    }
    default:
      return BASE_BYTES
  }
}
