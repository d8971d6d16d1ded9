import { open } from '../wire/envelope.ts'
import { isRefusal } from '../wire/refusals.ts'
import type { Validator } from './types.ts'
import { validateScope } from './validate-scope.ts'

export const validateSettled: Validator = async (body, context, init) => {
  // [REJECT] The body MUST be the envelope of a SETTLED with a valid signature.
  const settled = await open(body, { kinds: ['settled'] })
  if (isRefusal(settled)) return settled
  // [REJECT] Its scope MUST be that of the topic.
  const misplaced = validateScope(settled.payload.scope, context, init)
  if (misplaced !== null) return misplaced
  // [IGNORE] The round SHOULD be open, the signer a seat of stage 0, the count above what was received from it before.
  const refused = await init.policy.settled(settled, context)
  if (refused !== null) return refused
  return { deliver: () => init.handlers.settled(settled, context) }
}
