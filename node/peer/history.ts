/** Walks a stage's certificates in order: each must be signed by the seats of its epoch and follow from the one before. */
import { decodeCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import { manifestHash } from '../run/state-chain.ts'
import { verifyIn } from './certificate-book.ts'
import type { Membership } from './membership.ts'
import { advanceTip, type Tip } from './tip.ts'

/** A certified round, and where the history stands after it. */
export interface Certified {
  readonly tip: Tip
  readonly encoded: Uint8Array
  readonly verified: VerifiedCertificate
}

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

  async follow(
    tip: Tip,
    certificate: Certificate,
    encoded: Uint8Array,
    signal: AbortSignal,
  ): Promise<Certified | Refusal> {
    const { scope } = certificate.value
    if (scope.run !== this.#run.id) return refuse('wrong-run')
    if (scope.stage !== this.#stage) return refuse('wrong-stage')
    const epoch = this.#membership.epochOf(tip.reference.height)
    if (scope.epoch !== epoch) return refuse('wrong-epoch', `${scope.epoch} where ${epoch} is due`)
    const verified = await verifyIn(await this.#membership.epoch(epoch, signal), certificate, tip.parent)
    if (isRefusal(verified)) return verified
    const next = advanceTip(tip, verified, this.#manifestHash)
    return isRefusal(next) ? next : { tip: next, encoded, verified }
  }
}
