/** Walks a stage's certificates in order: each must be signed by the seats of its epoch and follow from the one before. */
import { decodeCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import { manifestHash } from '../run/state-chain.ts'
import { verifyIn } from './certificate-book.ts'
import { type Certified, certify, scopeDue } from './follow.ts'
import type { Membership } from './membership.ts'
import type { Tip } from './tip.ts'

export class History {
  readonly #membership: Membership
  readonly #run: Run
  readonly #stage: number
  readonly #manifestHash: Hash

  constructor(membership: Membership, run: Run, stage: number) {
    this.#membership = membership
    this.#run = run
    this.#stage = stage
    this.#manifestHash = manifestHash(run.id)
  }

  /** The round after `tip` by its encoded certificate. */
  async next(tip: Tip, encoded: Uint8Array, signal: AbortSignal): Promise<Certified | Refusal> {
    const certificate = decodeCertificate(encoded)
    return isRefusal(certificate) ? certificate : this.follow(tip, certificate, encoded, signal)
  }

  /**
   * A certificate without the one before it: signed by the seats that its stage had in its epoch, and no more.
   * @param headHeight - finalised height; a certificate of blocks beyond it is refused
   */
  async alone(encoded: Uint8Array, headHeight: number, signal: AbortSignal): Promise<VerifiedCertificate | Refusal> {
    const certificate = decodeCertificate(encoded)
    if (isRefusal(certificate)) return certificate
    const { scope, reference } = certificate.value
    const wrong = scopeDue(scope, { run: this.#run.id, stage: this.#stage, epoch: scope.epoch })
    if (wrong !== null) return wrong
    if (reference.height > headHeight || scope.epoch > this.#membership.epochOf(reference.height))
      return refuse('wrong-epoch', `epoch ${scope.epoch} at block ${reference.height}`)
    return verifyIn(await this.#membership.epoch(scope.epoch, signal), certificate)
  }

  async follow(
    tip: Tip,
    certificate: Certificate,
    encoded: Uint8Array,
    signal: AbortSignal,
  ): Promise<Certified | Refusal> {
    const epoch = this.#membership.epochOf(tip.reference.height)
    const wrong = scopeDue(certificate.value.scope, { run: this.#run.id, stage: this.#stage, epoch })
    if (wrong !== null) return wrong
    const verified = await verifyIn(await this.#membership.epoch(epoch, signal), certificate, tip.parent)
    return isRefusal(verified) ? verified : certify(tip, verified, encoded, this.#manifestHash)
  }
}
