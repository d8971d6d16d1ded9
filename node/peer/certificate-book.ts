/**
 * Certificates of every stage as they come by gossip: checked against the seats, stored, and counted. Those of the own stage
 * the replica executes; those of the others tell how far they are, and carry the points and the loss.
 */

import { isPartOf } from '../../consensus/recovery/index.ts'
import { decodeCertificate, type VerifiedCertificate, verifyCertificate } from '../../protocols/wire/certificate.ts'
import type { Certificate } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { RoundStore } from '../journal/index.ts'
import type { Run } from '../run/folder.ts'
import { FIRST_ROUND } from '../run/state-chain.ts'
import { EPOCHS_AROUND } from './around.ts'
import type { Epoch } from './epoch.ts'
import { certifyingGroup } from './follow.ts'
import type { Membership } from './membership.ts'

export interface CertificateBookInit {
  readonly run: Run
  readonly stage: number
  readonly membership: Pick<Membership, 'recoveries' | 'isPassedOver' | 'newest' | 'epoch'>
  readonly store: Pick<RoundStore, 'newest' | 'certificate' | 'putCertificate'>
  /** The epoch that this peer is in. */
  readonly epoch: () => number
  readonly signal: AbortSignal
  /** A certificate of another stage was stored. */
  readonly onStored: (stage: number, certificate: VerifiedCertificate) => void
}

export class CertificateBook {
  readonly #init: CertificateBookInit

  constructor(init: CertificateBookInit) {
    this.#init = init
  }

  /** Newest round of a stage that is known to be certified. */
  newest(stage: number): number {
    const certified = this.#init.store.newest(stage) ?? FIRST_ROUND - 1
    // A stage that was re-formed has left out the rounds before the one that it resumed with.
    const resumed = this.#init.membership.recoveries(stage).at(-1)
    return resumed === undefined ? certified : Math.max(certified, resumed.resume - 1)
  }

  async has(stage: number, round: number): Promise<boolean> {
    return (await this.#init.store.certificate(stage, round)) !== null
  }

  /** Every other stage is known to have certified this round, or a later one. */
  othersReached(round: number): boolean {
    const { run, stage } = this.#init
    return Array.from({ length: run.manifest.stages }, (_, other) => other).every(
      other => other === stage || this.newest(other) >= round,
    )
  }

  /** Some other stage is known to have certified this round, or a later one. */
  someReached(round: number): boolean {
    const { run, stage } = this.#init
    return Array.from({ length: run.manifest.stages }, (_, other) => other).some(
      other => other !== stage && this.newest(other) >= round,
    )
  }

  /** A stage that was re-formed has left this round out. */
  isPassedOver(round: number): boolean {
    return this.#init.membership.isPassedOver(round)
  }

  /** Checks a certificate of any stage and any epoch near the own or the newest one; its parent is for the replica to check. */
  async verify(certificate: Certificate): Promise<VerifiedCertificate | Refusal> {
    const { scope } = certificate.value
    const { membership, epoch, signal } = this.#init
    // Who is far behind still hears where the others are now.
    const near = [epoch(), membership.newest.epoch]
    if (!near.some(number => Math.abs(scope.epoch - number) <= EPOCHS_AROUND))
      return refuse('wrong-epoch', `${scope.epoch}`)
    if (!isPartOf(scope, membership.recoveries(scope.stage)))
      return refuse('wrong-epoch', `${scope.epoch}, which the stage left when it was re-formed`)
    return verifyIn(await membership.epoch(scope.epoch, signal), certificate)
  }

  /** Gossip's decision: null lets it be forwarded. */
  async admit(certificate: Certificate): Promise<Refusal | null> {
    if (await this.#isKnown(certificate)) return refuse('duplicate')
    const verified = await this.verify(certificate)
    return isRefusal(verified) ? verified : null
  }

  /** Stores a certificate of another stage. */
  async take(certificate: Certificate, encoded: Uint8Array): Promise<void> {
    const { stage, round } = certificate.value.scope
    const { store, onStored } = this.#init
    if (await this.#isKnown(certificate)) return
    const verified = await this.verify(certificate)
    if (isRefusal(verified)) return
    await store.putCertificate(stage, round, encoded)
    onStored(stage, verified)
  }

  /** Is one of its round stored? One that the stage has left since does not count: its number may stand for another round now. */
  async #isKnown({ value }: Certificate): Promise<boolean> {
    const { stage, round } = value.scope
    const encoded = await this.#init.store.certificate(stage, round)
    if (encoded === null) return false
    const recoveries = this.#init.membership.recoveries(stage)
    if (recoveries.length === 0) return true
    const stored = decodeCertificate(encoded)
    return !isRefusal(stored) && isPartOf(stored.value.scope, recoveries)
  }
}

/** Checks signatures and quorum against the seats that the epoch gives to the certificate's stage. */
export async function verifyIn(
  epoch: Epoch,
  certificate: Certificate,
  parent?: Certificate['value']['parent'],
): Promise<VerifiedCertificate | Refusal> {
  const group = certifyingGroup(epoch, certificate)
  return group === null ? refuse('wrong-stage') : verifyCertificate(certificate, group, parent)
}
