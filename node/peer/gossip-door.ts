/** What gossip may bring in, and where it goes: certificates of all stages, SETTLEDs and close bundles of stage 0. */
import type { CloseBundle, Gossip, GossipHandlers, GossipPolicy } from '../../protocols/gossip/index.ts'
import type { Clock } from '../../protocols/wire/environment.ts'
import type { Certificate, PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import type { CertificateBook } from './certificate-book.ts'
import { delay } from './delay.ts'
import type { RoundInbox } from './round-inbox.ts'
import { Settlement } from './settlement.ts'

/** Between the members of a stage that publish a certificate: the first usually suffices. */
const STAGGER_MS = 200
/** Until a peer listens. */
const ATTEMPTS = 5
/** Own rounds whose certificate was seen to spread. */
const SEEN_KEPT = 64

export interface GossipDoorInit {
  readonly run: Run
  readonly stage: number
  readonly seats: (stage: number) => readonly PeerName[]
  readonly inbox: RoundInbox
  readonly book: CertificateBook
  readonly record: GossipPolicy['record']
  readonly clock: Clock
  readonly signal: AbortSignal
  /** A sound certificate of the own stage. */
  readonly onOwnStage: (certificate: Certificate) => void
  readonly onWarning: (message: string) => void
}

export class GossipDoor {
  readonly policy: GossipPolicy
  readonly handlers: GossipHandlers
  readonly #init: GossipDoorInit
  readonly #seen = new Set<number>()
  #gossip: Gossip | null = null

  constructor(init: GossipDoorInit) {
    this.#init = init
    this.policy = {
      certificate: certificate => this.#admitCertificate(certificate),
      settled: signed => this.#settledFault(signed),
      close: bundle => this.#closeFault(bundle),
      record: init.record,
    }
    this.handlers = {
      certificate: (certificate, encoded) => this.#onCertificate(certificate, encoded),
      settled: signed => void init.inbox.settled(signed),
      close: bundle => {
        for (const signed of bundle) init.inbox.settled(signed)
      },
    }
  }

  connect(gossip: Gossip): void {
    this.#gossip = gossip
  }

  /** Publishes the own stage's certificate after `rank` steps, unless it spreads already. */
  async spread(encoded: Uint8Array, rank: number, round: number): Promise<void> {
    const { clock, signal, stage, onWarning } = this.#init
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await delay(clock, (rank + attempt) * STAGGER_MS, signal)
      if (this.#seen.has(round) || this.#gossip === null) return
      const sent = await this.#gossip.publish(stage, 'certificate', encoded)
      if (isRefusal(sent) && sent.refused !== 'overloaded') {
        onWarning(`the certificate of round ${round} is not gossiped: ${sent.detail ?? sent.refused}`)
        return
      }
      if (!isRefusal(sent) && sent > 0) return
    }
  }

  async #admitCertificate(certificate: Certificate): Promise<Refusal | null> {
    const { stage, book } = this.#init
    const { scope } = certificate.value
    if (scope.stage === stage && !this.#seen.has(scope.round) && !isRefusal(await book.verify(certificate)))
      this.#noteSeen(scope.round)
    return book.admit(certificate)
  }

  #noteSeen(round: number): void {
    this.#seen.add(round)
    const oldest = this.#seen.keys().next().value
    if (this.#seen.size > SEEN_KEPT && oldest !== undefined) this.#seen.delete(oldest)
  }

  #onCertificate(certificate: Certificate, encoded: Uint8Array): void {
    const { stage, book, onOwnStage, onWarning } = this.#init
    if (certificate.value.scope.stage === stage) onOwnStage(certificate)
    else book.take(certificate, encoded).catch(error => onWarning(`storing a certificate: ${String(error)}`))
  }

  #settledFault({ signer, payload }: Signed<Settled>): Refusal | null {
    const { inbox, seats } = this.#init
    const { round } = payload.scope
    if (!seats(0).includes(signer)) return refuse('no-seat', signer)
    if (round < inbox.round) return refuse('stale-round')
    if (round > inbox.round + 1) return refuse('future-round')
    return inbox.isNews(signer, payload) ? null : refuse('duplicate', 'no more than was known')
  }

  /** A bundle may repeat what is known: it closes the round for those who lack a part of it. */
  #closeFault(bundle: CloseBundle): Refusal | null {
    const { run, seats } = this.#init
    const round = bundle[0]?.payload.scope.round
    if (round === undefined) return refuse('out-of-bounds', 'an empty bundle')
    const { inbox } = this.#init
    if (bundle.some(({ payload }) => payload.scope.round !== round)) return refuse('out-of-bounds', 'two rounds')
    if (round < inbox.round) return refuse('stale-round')
    if (round > inbox.round + 1) return refuse('future-round')
    let closes = false
    const { target, slack } = run.manifest.batch
    const check = new Settlement({ round, sources: seats(0), target, slack, onClosed: () => (closes = true) })
    for (const signed of bundle) check.note(signed)
    return closes ? null : refuse('out-of-bounds', 'the bundle does not reach the target')
  }
}
