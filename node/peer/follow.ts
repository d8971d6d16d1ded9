/** One step of a stage's certified history. Pure: the envelopes are opened by who asks. */
import type { CertifyingGroup, VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Certificate, Hash, Scope } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Epoch } from './epoch.ts'
import { advanceTip, type Tip } from './tip.ts'

/** A certified round, and where the history stands after it. */
export interface Certified {
  readonly tip: Tip
  readonly encoded: Uint8Array
  readonly verified: VerifiedCertificate
}

/** Is a certificate of this scope due after a tip whose epoch is `epoch`? Null where it is. */
export function scopeDue(
  scope: Scope,
  due: { readonly run: string; readonly stage: number; readonly epoch: number },
): Refusal | null {
  if (scope.run !== due.run) return refuse('wrong-run')
  if (scope.stage !== due.stage) return refuse('wrong-stage')
  return scope.epoch === due.epoch ? null : refuse('wrong-epoch', `${scope.epoch} where ${due.epoch} is due`)
}

/** Does a certificate build on this one? */
export function buildsOn({ value }: VerifiedCertificate, { valueId, outcomeHash }: VerifiedCertificate): boolean {
  return equalBytes(value.parent.value, valueId) && equalBytes(value.parent.outcome, outcomeHash)
}

/** The seats of a certificate's stage as the epoch gives them; null where it has no such stage. */
export function certifyingGroup(epoch: Epoch, { value }: Pick<Certificate, 'value'>): CertifyingGroup | null {
  const group = epoch.groups[value.scope.stage]
  if (group === undefined) return null
  return { seats: group.seats.map(seat => seat.peer), quorum: group.quorum, groupHash: group.hash }
}

export function certify(
  tip: Tip,
  verified: VerifiedCertificate,
  encoded: Uint8Array,
  manifestHash: Hash,
): Certified | Refusal {
  const next = advanceTip(tip, verified, manifestHash)
  return isRefusal(next) ? next : { tip: next, encoded, verified }
}
