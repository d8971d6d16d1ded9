import { decodeCertificate } from '../wire/certificate.ts'
import { isRefusal } from '../wire/refusals.ts'
import type { Validator } from './types.ts'
import { validateScope } from './validate-scope.ts'

export const validateCertificate: Validator = async (body, context, init) => {
  // [REJECT] The body MUST be a canonically encoded certificate within the bounds of the wire.
  const certificate = decodeCertificate(body)
  if (isRefusal(certificate)) return certificate
  // [REJECT] The scope of its value MUST be that of the topic.
  const misplaced = validateScope(certificate.value.scope, context, init)
  if (misplaced !== null) return misplaced
  // [IGNORE] Its round SHOULD be within the window, its group the one that this peer knows.
  // [REJECT] A quorum of the group MUST have signed equal outcomes. The node knows the group, so it decides both.
  const refused = await init.policy.certificate(certificate, context)
  if (refused !== null) return refused
  return { deliver: () => init.handlers.certificate(certificate, body, context) }
}
