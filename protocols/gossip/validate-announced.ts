import { isRefusal } from '../wire/refusals.ts'
import { decodeAnnouncement } from './announcement.ts'
import type { Validator } from './types.ts'
import { validateCertificate } from './validate-certificate.ts'
import { validateScope } from './validate-scope.ts'

export const validateAnnounced: Validator = async (body, context, init) => {
  // [REJECT] The body MUST be a canonically encoded announcement, its chain, run and stage those of the topic.
  const announcement = decodeAnnouncement(body)
  if (isRefusal(announcement)) return announcement
  const misplaced = validateScope(announcement, context, init)
  if (misplaced !== null) return misplaced
  // [IGNORE] The certificate SHOULD be new, and the forwarder SHOULD give it: whoever forwards has checked it before.
  const encoded = await init.policy.announced(announcement, context)
  if (isRefusal(encoded)) return encoded
  // [REJECT] What it gives MUST be what a gossiped certificate must be.
  return validateCertificate(encoded, context, init)
}
