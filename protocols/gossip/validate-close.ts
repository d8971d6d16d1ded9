import { decodeStrict, encode } from '../wire/cbor.ts'
import { ENVELOPE_OVERHEAD_BYTES, MAX_SEATS } from '../wire/constants.ts'
import { open } from '../wire/envelope.ts'
import { arrayOf, bytes } from '../wire/fields.ts'
import type { Settled, Signed } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { MESSAGES } from '../wire/table.ts'
import { MESSAGE_MAX_BYTES } from './constants.ts'
import type { CloseBundle, Validator } from './types.ts'
import { validateScope } from './validate-scope.ts'

const ENVELOPES = arrayOf(bytes(1, MESSAGES.settled.maxBytes + ENVELOPE_OVERHEAD_BYTES), MAX_SEATS, 1)

/** A bundle as a DAG-CBOR list of the envelopes, sorted by signer. */
export function encodeClose(bundle: CloseBundle): Uint8Array {
  const sorted = [...bundle].sort((left, right) => (left.signer < right.signer ? -1 : 1))
  return encode(sorted.map(settled => settled.envelope))
}

export const validateClose: Validator = async (body, context, init) => {
  // [REJECT] The body MUST be a list of SETTLED envelopes, at most one a seat.
  const envelopes = decodeStrict(body, { maxBytes: MESSAGE_MAX_BYTES })
  if (!isEnvelopes(envelopes))
    return isRefusal(envelopes) ? envelopes : refuse('out-of-bounds', 'not a list of envelopes')
  const bundle: Signed<Settled>[] = []
  for (const envelope of envelopes) {
    const settled = await open(envelope, { kinds: ['settled'] })
    if (isRefusal(settled)) return settled
    const misplaced = validateScope(settled.payload.scope, context, init) ?? validateOrder(bundle.at(-1), settled)
    if (misplaced !== null) return misplaced
    bundle.push(settled)
  }
  // [IGNORE] The round SHOULD be open. [REJECT] The counts, each up to the quota, MUST reach the target.
  const refused = await init.policy.close(bundle, context)
  if (refused !== null) return refused
  return { deliver: () => init.handlers.close(bundle, context) }
}

/** [REJECT] All MUST be of one epoch and round, their signers sorted and different: one source counts once. */
function validateOrder(previous: Signed<Settled> | undefined, next: Signed<Settled>): Refusal | null {
  if (previous === undefined) return null
  const { epoch, round } = previous.payload.scope
  if (epoch !== next.payload.scope.epoch || round !== next.payload.scope.round)
    return refuse('out-of-bounds', 'two rounds')
  return previous.signer < next.signer ? null : refuse('out-of-bounds', 'signers are not sorted')
}

function isEnvelopes(value: unknown): value is readonly Uint8Array[] {
  return ENVELOPES(value, 'close') === null
}
