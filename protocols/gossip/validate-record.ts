import { ENVELOPE_OVERHEAD_BYTES } from '../wire/constants.ts'
import { refuse } from '../wire/refusals.ts'
import { MESSAGES } from '../wire/table.ts'
import type { Validator } from './types.ts'

export const validateRecord: Validator = async (body, context, init) => {
  // [REJECT] A record MUST be within its bound.
  if (body.byteLength > MESSAGES.record.maxBytes + ENVELOPE_OVERHEAD_BYTES)
    return refuse('too-large', `${body.byteLength} bytes`)
  // [REJECT] Its signature, run and stage MUST be right. [IGNORE] It SHOULD be newer than the one known, its signer a seat.
  const refused = await init.policy.record(body, context)
  // Discovery keeps the record when it decides, so there is nothing left to deliver.
  return refused ?? { deliver: () => {} }
}
