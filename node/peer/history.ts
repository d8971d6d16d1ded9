/** Walks a stage's certificates in order: each must be signed by the seats of its epoch and follow from the one before. */
import { isPartOf, type Recovery } from '../../consensus/recovery/index.ts'
import { decodeCertificate, type VerifiedCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate, Hash } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import { manifestHash } from '../run/state-chain.ts'
import { verifyIn } from './certificate-book.ts'
import { type Certified, certify, scopeDue } from './follow.ts'
import type { Membership } from './membership.ts'
import { resumedTip, type Standing, standing } from './reformed.ts'
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

  /** How the stage was re-formed, as far as it is known. */
  get recoveries(): readonly Recovery[] {
    return this.#membership.recoveries(this.#stage)
  }

  /** What the recoveries that are known mean for a history that ends here. */
  standing(tip: Tip): Standing {
    return standing(tip, this.recoveries)
  }

  /** Where the next round builds: past the recoveries that go on from here. Waits for the first block of their epochs. */
  async settled(tip: Tip, signal: AbortSignal): Promise<Tip> {
    let at = tip
    for (let now = this.standing(at); now.type === 'base'; now = this.standing(at)) {
      const { recovery } = now
      const height = this.#membership.startOf(recovery.epoch)
      at = resumedTip(at, recovery, await this.#membership.blockAt(height, signal))
    }
    return at
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
    const epoch = await this.#membership.epoch(scope.epoch, signal)
    if (!isPartOf(scope, this.recoveries)) return refuse('stale-record', 'the stage was re-formed from another round')
    return verifyIn(epoch, certificate)
  }

  async follow(
    before: Tip,
    certificate: Certificate,
    encoded: Uint8Array,
    signal: AbortSignal,
  ): Promise<Certified | Refusal> {
    const tip = await this.settled(before, signal)
    if (this.standing(tip).type === 'left') return refuse('stale-record', 'the stage was re-formed from another round')
    const epoch = this.#membership.epochOf(tip.reference.height)
    const wrong = scopeDue(certificate.value.scope, { run: this.#run.id, stage: this.#stage, epoch })
    if (wrong !== null) return wrong
    const verified = await verifyIn(await this.#membership.epoch(epoch, signal), certificate, tip.parent)
    return isRefusal(verified) ? verified : certify(tip, verified, encoded, this.#manifestHash)
  }
}
