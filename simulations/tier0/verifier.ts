/**
 * The shipped check of certificates, of opened labels. Its answer for one certificate and parent is the same for everybody, and every
 * replica puts one together from the same value and signatures: what was found right is not checked again.
 */
import type { Epoch } from '../../node/peer/epoch.ts'
import { certifyingGroup } from '../../node/peer/follow.ts'
import { checkCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import { hashHex, keyOf } from '../../protocols/wire/hash.ts'
import type { Certificate, Value } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import { isCommit, isOutcome, openLabels } from './labels.ts'

type Answer = VerifiedCertificate | Refusal

export class Verifier {
  readonly #epochOf: (number: number) => Epoch | null
  /** Refusals too: by certificate, then parent. */
  readonly #answers = new WeakMap<Certificate, Map<string, Answer>>()
  /** By value, then signatures and parent. */
  readonly #right = new WeakMap<Value, Map<string, VerifiedCertificate>>()

  /** @param epochOf - null where nobody has read that epoch yet */
  constructor(epochOf: (number: number) => Epoch | null) {
    this.#epochOf = epochOf
  }

  verify(certificate: Certificate, parent?: Value['parent']): Answer {
    const known = this.#answers.get(certificate) ?? new Map<string, Answer>()
    const key = parent === undefined ? '' : `${hashHex(parent.value)}${hashHex(parent.outcome)}`
    const answer = known.get(key) ?? this.#check(certificate, parent, key)
    this.#answers.set(certificate, known.set(key, answer))
    return answer
  }

  #check(certificate: Certificate, parent: Value['parent'] | undefined, parentKey: string): Answer {
    const { value } = certificate
    const epoch = this.#epochOf(value.scope.epoch)
    if (epoch === null) return refuse('wrong-epoch', `${value.scope.epoch}`)
    const group = certifyingGroup(epoch, certificate)
    if (group === null) return refuse('wrong-stage')
    const outcomes = openLabels(certificate.outcomes).filter(isOutcome)
    const commits = openLabels(certificate.commits).filter(isCommit)
    if (outcomes.length < certificate.outcomes.length || commits.length < certificate.commits.length)
      return refuse('bad-signature')
    // All of them are genuine labels here, so equal bytes are the same signature.
    const key = [parentKey, '/', ...certificate.outcomes.map(keyOf), '/', ...certificate.commits.map(keyOf)].join('')
    const right = this.#right.get(value) ?? new Map<string, VerifiedCertificate>()
    const known = right.get(key)
    if (known !== undefined) return known
    const answer = checkCertificate(certificate, { outcomes, commits }, group, parent)
    if (!isRefusal(answer)) this.#right.set(value, right.set(key, answer))
    return answer
  }
}
