/**
 * Speaks for the round's machine with the siblings of a stage: signed messages with what proves them beside them, and
 * requests for what a late peer lacks. Decides nothing.
 */
import { encode } from '../wire/cbor.ts'
import { decodeCertificate } from '../wire/certificate.ts'
import { RefusalCounters } from '../wire/counters.ts'
import type { Clock } from '../wire/environment.ts'
import type { HandlerContext, Message, Reply } from '../wire/frames/types.ts'
import type { Hash, PeerName } from '../wire/messages.ts'
import { isRefusal, type Refusal, type RefusalReason, refuse } from '../wire/refusals.ts'
import {
  ANSWER_MAX_BYTES,
  BATCH_TIMEOUT_MS,
  HEADER_MAX_BYTES,
  MAX_CERTIFICATES,
  MAX_MALFORMED,
  MAX_SIBLINGS,
  OUTBOX_MAX_MESSAGES,
  REQUEST_TIMEOUT_MS,
} from './constants.ts'
import {
  type AgreementHeader,
  ANSWER_BODY_MAX_BYTES,
  type MessagesHeader,
  parseHeader,
  parseList,
  parseParcels,
} from './headers.ts'
import { isMalformed, openParcel } from './inbox.ts'
import { type Outgoing, outgoing } from './outbox.ts'
import { type Delivery, Sender } from './sender.ts'
import type { AgreementInit, AgreementStreams, CertificateRange, CommitQuery, OpenStreams, Parcel } from './types.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface AgreementComponents {
  readonly clock: Clock
  readonly openStreams: OpenStreams<AgreementStreams>
}

const NO_BODY = new Uint8Array(0)

export class Agreement {
  readonly #init: AgreementInit
  readonly #clock: Clock
  readonly #streams: AgreementStreams
  readonly #senders = new Map<PeerName, Sender>()
  #siblings: readonly PeerName[] = []
  readonly #counters = new RefusalCounters()
  readonly #stopping = new AbortController()

  constructor(init: AgreementInit, components: AgreementComponents) {
    this.#init = init
    this.#clock = components.clock
    const onRequest = (header: unknown, body: Uint8Array, context: HandlerContext): Promise<Reply | Refusal> =>
      this.#handle(header, body, context)
    this.#streams = components.openStreams(
      { onRequest, admitBody: from => init.policy.admitPeer(from) },
      (reason, from, detail) => this.#refused(reason, from, detail),
    )
  }

  start(): Promise<void> {
    return this.#streams.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const sender of this.#senders.values()) sender.stop()
    await this.#streams.stop()
  }

  /**
   * The other seats of the stage: reaches for the new ones, forgets those that left.
   * @param beside - peers of another stage that are told only what is sent to them by name
   */
  setSiblings(peers: readonly PeerName[], beside: readonly PeerName[] = []): void {
    this.#siblings = peers
    this.#setPeers([...new Set([...peers, ...beside])])
  }

  #setPeers(peers: readonly PeerName[]): void {
    if (peers.length > MAX_SIBLINGS)
      throw new RangeError(`${peers.length} siblings, at most ${MAX_SIBLINGS} are allowed`)
    for (const [peer, sender] of this.#senders) {
      if (peers.includes(peer)) continue
      sender.stop()
      this.#senders.delete(peer)
    }
    for (const peer of peers) if (!this.#senders.has(peer)) this.#senders.set(peer, this.#openSender(peer))
    for (const sender of this.#senders.values()) sender.pump()
  }

  /** Siblings that confirmed the last thing that was sent to them. */
  reachable(): PeerName[] {
    return [...this.#senders].filter(([, sender]) => sender.isUp).map(([peer]) => peer)
  }

  /** Sends to these siblings, or all; to each in its own time, newest first served where one is slow. Never waits. */
  broadcast(parcel: Parcel, to: readonly PeerName[] = this.#siblings): void {
    const message = outgoing(parcel)
    for (const peer of to) this.#senders.get(peer)?.put(message)
  }

  send(to: PeerName, parcel: Parcel): void {
    this.broadcast(parcel, [to])
  }

  /** Asks all siblings for what they keep for this peer: who says nothing does not notice that its streams are gone. */
  greet(): void {
    for (const peer of this.#siblings) this.#senders.get(peer)?.greet()
  }

  /** Forgets what was said in rounds below `round`: they are over for everybody who matters. */
  forgetBelow(round: number): void {
    for (const sender of this.#senders.values()) sender.dropBelow(round)
  }

  /** Tells a late sibling that its round is decided. Null once it has the certificate. */
  async sendCertificate(
    to: PeerName,
    certificate: Uint8Array,
    hashes: readonly Hash[] | null,
    options: CallOptions = {},
  ): Promise<Refusal | null> {
    const reply = await this.#request(to, { type: 'certificate', hashes }, certificate, options)
    return isRefusal(reply) ? reply : null
  }

  /** Encoded certificates from the start of the range on, as many as the peer gives in one answer. Unverified. */
  requestCertificates(
    to: PeerName,
    range: CertificateRange,
    options: CallOptions = {},
  ): Promise<readonly Uint8Array[] | Refusal> {
    return this.#requestList(to, { type: 'certificates', ...range }, options)
  }

  /** Envelopes of COMMITs that the peer holds. Unopened. */
  requestCommits(
    to: PeerName,
    query: CommitQuery,
    options: CallOptions = {},
  ): Promise<readonly Uint8Array[] | Refusal> {
    return this.#requestList(to, { type: 'commits', ...query }, options)
  }

  /** Envelopes that this peer signed in the rounds in progress, as far as the sibling holds them. Unopened. */
  requestSignatures(to: PeerName, options: CallOptions = {}): Promise<readonly Uint8Array[] | Refusal> {
    return this.#requestList(to, { type: 'signatures' }, options)
  }

  async #handle(value: unknown, body: Uint8Array, context: HandlerContext): Promise<Reply | Refusal> {
    const { from } = context
    const barred = this.#init.policy.admitPeer(from)
    if (barred !== null) return barred
    const header = parseHeader(value)
    if (isRefusal(header)) return header
    switch (header.type) {
      case 'messages':
        return this.#onMessages(header, body, context)
      case 'certificate':
        return this.#onCertificate(header.hashes, body, from)
      case 'certificates':
        return this.#answerCertificates(header)
      case 'commits':
        return listReply(this.#init.policy.commits({ scope: header.scope, missing: header.missing }))
      case 'signatures':
        return listReply(this.#init.policy.signatures(from))
    }
  }

  async #onMessages(header: MessagesHeader, body: Uint8Array, context: HandlerContext): Promise<Reply | Refusal> {
    const { from } = context
    const parcels = header.parcels ?? parseParcels(body)
    if (isRefusal(parcels)) return parcels
    const sender = this.#senders.get(from)
    if (header.fresh) sender?.sendAllAgain()
    else sender?.heard()
    let taken = 0
    for (const parcel of parcels) {
      if (context.isGivenUp) return refuse('aborted')
      const opened = await openParcel(parcel, from, this.#init.policy)
      for (const refusal of isRefusal(opened) ? [opened] : opened.refusals)
        this.#refused(refusal.refused, from, refusal.detail)
      if (isRefusal(opened)) continue
      taken += 1
      this.#init.handlers.message(from, opened.signed, opened.attachments)
    }
    return { header: { taken } }
  }

  #onCertificate(hashes: readonly Hash[] | null, body: Uint8Array, from: PeerName): Reply | Refusal {
    const certificate = decodeCertificate(body)
    if (isRefusal(certificate)) return certificate
    this.#init.handlers.certificate?.(from, certificate, hashes)
    return { header: { taken: 1 } }
  }

  async #answerCertificates({ stage, from, to }: CertificateRange): Promise<Reply | Refusal> {
    const bounded = { stage, from, to: Math.min(to, from + MAX_CERTIFICATES - 1) }
    return listReply((await this.#init.policy.certificates(bounded)).slice(0, MAX_CERTIFICATES))
  }

  async #requestList(
    to: PeerName,
    header: AgreementHeader,
    options: CallOptions,
  ): Promise<readonly Uint8Array[] | Refusal> {
    const reply = await this.#request(to, header, NO_BODY, options)
    if (isRefusal(reply)) return reply
    const list = parseList(reply.body)
    if (isRefusal(list)) this.#refused(list.refused, to, list.detail)
    return list
  }

  #request(to: PeerName, header: AgreementHeader, body: Uint8Array, options: CallOptions): Promise<Message | Refusal> {
    const limits = { timeoutMs: REQUEST_TIMEOUT_MS, maxAnswerBytes: ANSWER_BODY_MAX_BYTES }
    return this.#streams.request(to, header, body, { ...options, ...limits })
  }

  #openSender(peer: PeerName): Sender {
    return new Sender({
      clock: this.#clock,
      maxMessages: this.#init.outboxMaxMessages ?? OUTBOX_MAX_MESSAGES,
      deliver: (batch, fresh) => this.#deliver(peer, batch, fresh),
      onState: state => this.#init.handlers.connection?.(peer, state),
    })
  }

  async #deliver(to: PeerName, batch: readonly Outgoing[], fresh: boolean): Promise<Delivery> {
    const parcels = batch.map(({ signed, attachments }) => ({ envelope: signed.envelope, attachments }))
    const isSmall = batch.reduce((sum, message) => sum + message.bytes, 0) <= HEADER_MAX_BYTES
    const header: MessagesHeader = { type: 'messages', fresh, parcels: isSmall ? parcels : null }
    const options = { timeoutMs: BATCH_TIMEOUT_MS, signal: this.#stopping.signal }
    const reply = await this.#streams.request(to, header, isSmall ? NO_BODY : encode(parcels), options)
    return isRefusal(reply) ? deliveryOf(reply.refused) : 'confirmed'
  }

  /** Counts what was refused here; who sends too much that no correct peer sends is disconnected. */
  #refused(reason: RefusalReason, from: PeerName, detail: string | undefined): void {
    this.#init.handlers.refused?.(reason, from, detail)
    if (!isMalformed(reason)) return
    this.#counters.count(reason, from)
    const malformed = Object.values(this.#counters.of(from)).reduce((sum, count) => sum + count, 0)
    if (malformed < MAX_MALFORMED) return
    this.#counters.forget(from)
    void this.#streams.disconnect(from)
    this.#init.handlers.disconnected?.(from)
  }
}

/** A sibling that refuses a batch for what is in it has seen it: sending it again would not help. */
function deliveryOf(reason: RefusalReason): Delivery {
  if (reason === 'unreachable' || reason === 'timed-out') return 'away'
  return reason === 'overloaded' || reason === 'aborted' ? 'busy' : 'confirmed'
}

/** As many items as an answer may hold, at least one. */
function listReply(items: readonly Uint8Array[]): Reply {
  const fitting: Uint8Array[] = []
  let bytes = 0
  for (const item of items) {
    if (bytes > 0 && bytes + item.length > ANSWER_MAX_BYTES) break
    fitting.push(item)
    bytes += item.length
  }
  return { header: null, body: encode(fitting) }
}
