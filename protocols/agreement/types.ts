/** What the agreement protocol is made from, and what the node must decide for it. */
import type { Handlers, Message, RefusalListener, RequestOptions } from '../wire/frames/types.ts'
import type { Certificate, Hash, PeerName, Scope, SealedCommit, Signed } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'

/** A message with what travels beside it. */
export interface Parcel {
  readonly signed: Signed
  /** Envelopes: COMMITs, HAVEs and proofs of changes beside a proposal, the polka beside a precommit. */
  readonly attachments: readonly Uint8Array[]
}

export interface CertificateRange {
  readonly stage: number
  /** First and last round, both included. */
  readonly from: number
  readonly to: number
}

/** Commitments that a peer lacks. */
export interface CommitQuery {
  readonly scope: Scope
  readonly missing: readonly SealedCommit[]
}

/** How an envelope came: by itself, or beside a message, perhaps as proof of what was long ago or elsewhere. */
export type EnvelopePlace = 'message' | 'attachment'

/** What the node decides. */
export interface AgreementPolicy {
  /** May this peer talk to us at all: is it a seat of our stage? */
  admitPeer(from: PeerName): Refusal | null
  /** Scope and seat of a message or attachment whose signature and bounds hold. */
  admit(signed: Signed, from: PeerName, as: EnvelopePlace): Refusal | null
  /** Encoded certificates of the range from its start on, as many as are held without a gap; asked for a bounded range. */
  certificates(range: CertificateRange): Promise<readonly Uint8Array[]>
  /** Envelopes of COMMITs that are held. */
  commits(query: CommitQuery): readonly Uint8Array[]
  /** Envelopes that this peer signed in the rounds in progress, as far as they are held. */
  signatures(of: PeerName): readonly Uint8Array[]
}

export interface AgreementHandlers {
  /** A message whose signature and bounds hold and that the policy admits; attachments that failed are left out. */
  message(from: PeerName, signed: Signed, attachments: readonly Signed[]): void
  /** A sibling answers that a round is decided. Bounds are checked, signatures are not. `hashes` of the partitions, null for SKIP. */
  certificate?(from: PeerName, certificate: Certificate, hashes: readonly Hash[] | null): void
  /** A sibling was reached, or is no longer. */
  connection?(peer: PeerName, state: 'up' | 'down'): void
  refused?(reason: RefusalReason, from: PeerName, detail?: string): void
  /** A peer sent too much that is malformed and was disconnected. */
  disconnected?(peer: PeerName): void
}

export interface AgreementInit {
  readonly policy: AgreementPolicy
  readonly handlers: AgreementHandlers
  /** Messages kept for a peer; the oldest go first. */
  readonly outboxMaxMessages?: number
}

/** The part of `PeerStreams` that is used. */
export interface AgreementStreams {
  start(): Promise<void>
  stop(): Promise<void>
  request(to: PeerName, header: unknown, body: Uint8Array, options: RequestOptions): Promise<Message | Refusal>
  disconnect(peer: PeerName): Promise<void>
}

/** Makes the streams around this protocol's handlers. */
export type OpenStreams<S> = (handlers: Handlers, onRefusal: RefusalListener) => S
