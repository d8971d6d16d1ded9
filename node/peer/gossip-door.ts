/** What gossip may bring in, and where it goes: certificates of all stages, SETTLEDs and close bundles of stage 0. */
import {
  type Announcement,
  type CloseBundle,
  encodeAnnouncement,
  type Gossip,
  type GossipHandlers,
  type GossipPolicy,
  MESSAGE_MAX_BYTES,
} from '../../protocols/gossip/index.ts'
import type { State } from '../../protocols/state/index.ts'
import type { Clock, Digest } from '../../protocols/wire/environment.ts'
import { equalBytes } from '../../protocols/wire/hash.ts'
import type { Certificate, PeerName, Settled, Signed } from '../../protocols/wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../../protocols/wire/refusals.ts'
import type { Run } from '../run/folder.ts'
import type { CertificateBook } from './certificate-book.ts'
import { delay } from './delay.ts'
import { targetOf } from './round-context.ts'
import type { RoundInbox } from './round-inbox.ts'
import { Settlement } from './settlement.ts'

/** Between the members of a stage that publish a certificate: the first usually suffices. */
const STAGGER_MS = 200
/** Until a peer listens. */
const ATTEMPTS = 5
/** Announced certificates that are fetched at a time: of some 10 MiB each. */
const FETCHES_MAX = 4
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
  readonly digest: Digest
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
  #state: Pick<State, 'certificates'> | null = null
  #fetches = 0

  constructor(init: GossipDoorInit) {
    this.#init = init
    this.policy = {
      certificate: certificate => this.#admitCertificate(certificate),
      settled: signed => this.#settledFault(signed),
      close: bundle => this.#closeFault(bundle),
      record: init.record,
      announced: (announcement, { from }) => this.#fetch(announcement, from),
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

  /** From where announced certificates are fetched; before, announcements are passed over. */
  fetchBy(state: Pick<State, 'certificates'>): void {
    this.#state = state
  }

  /** Publishes the own stage's certificate after `rank` steps, unless it spreads already. */
  async spread(encoded: Uint8Array, rank: number, round: number): Promise<void> {
    const { clock, signal, onWarning } = this.#init
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await delay(clock, (rank + attempt) * STAGGER_MS, signal)
      if (this.#seen.has(round) || this.#gossip === null) return
      const sent = await this.#publish(this.#gossip, encoded, round)
      if (isRefusal(sent) && sent.refused !== 'overloaded') {
        onWarning(`the certificate of round ${round} is not gossiped: ${sent.detail ?? sent.refused}`)
        return
      }
      if (!isRefusal(sent) && sent > 0) return
    }
  }

  /** As it is, or announced where it is too long for a message. */
  async #publish(gossip: Gossip, encoded: Uint8Array, round: number): Promise<number | Refusal> {
    const { run, stage, digest, signal } = this.#init
    if (encoded.length < MESSAGE_MAX_BYTES) return gossip.publish(stage, 'certificate', encoded)
    const { genesis } = run.manifest.chain
    const announcement = { genesis, run: run.id, stage, round, hash: await digest(encoded, { signal }) }
    return gossip.publish(stage, 'announced', encodeAnnouncement(announcement))
  }

  /** The certificate behind an announcement, from the peer that passed it on: it has checked it. */
  async #fetch({ stage, round, hash }: Announcement, from: PeerName): Promise<Uint8Array | Refusal> {
    const { book, digest, signal } = this.#init
    if (this.#state === null || this.#fetches >= FETCHES_MAX) return refuse('overloaded', 'announced certificates')
    if (await book.has(stage, round)) return refuse('duplicate')
    this.#fetches++
    try {
      const check = async (page: readonly Uint8Array[]): Promise<Refusal | null> => {
        const isRight = page[0] !== undefined && equalBytes(await digest(page[0], { signal }), hash)
        return isRight ? null : refuse('wrong-hash', 'not the certificate that was announced')
      }
      const page = await this.#state.certificates([from], { stage, from: round, to: round }, check, { signal })
      if (!isRefusal(page)) return page[0] ?? refuse('unknown-item')
      // Whatever kept it from answering may be no lie.
      return page.refused === 'wrong-hash' ? page : refuse('unknown-item', page.detail ?? page.refused)
    } finally {
      this.#fetches--
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
    const { slack } = run.manifest.batch
    const target = targetOf(run.manifest, round)
    const check = new Settlement({ round, sources: seats(0), target, slack, onClosed: () => (closes = true) })
    for (const signed of bundle) check.note(signed)
    return closes ? null : refuse('out-of-bounds', 'the bundle does not reach the target')
  }
}
