/** Types of the gossip protocol: kinds of messages, verdicts, and what the node must decide. */
import type { GossipSub } from '@chainsafe/libp2p-gossipsub'
import type { Clock } from '../wire/environment.ts'
import type { Certificate, ContentId, PeerName, Settled, Signed } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'
import type { Announcement } from './announcement.ts'

/** First byte of a message names its kind; the rest is the kind's own encoding. */
export type GossipKind = 'certificate' | 'settled' | 'close' | 'record' | 'announced'

/** accept: deliver and forward; ignore: neither; reject: neither, and the forwarder is at fault. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** SETTLEDs of one round that sum to its target: the round closes. */
export type CloseBundle = readonly Signed<Settled>[]

/** Where a message came from. */
export interface GossipContext {
  /** Stage of the topic. */
  readonly stage: number
  /** The peer that forwarded it to us; not necessarily its author. */
  readonly from: PeerName
}

/**
 * What the node decides: seats, round window, signatures of a quorum. A refusal becomes a verdict by `VERDICTS`;
 * null lets the message through.
 */
export interface GossipPolicy {
  certificate(certificate: Certificate, context: GossipContext): Promise<Refusal | null> | Refusal | null
  settled(settled: Signed<Settled>, context: GossipContext): Promise<Refusal | null> | Refusal | null
  /** Every SETTLED of the bundle has passed its signature and scope; the sum is for the policy to check. */
  close(bundle: CloseBundle, context: GossipContext): Promise<Refusal | null> | Refusal | null
  /** An unopened StageRecord envelope: `Discovery.accept`. */
  record(envelope: Uint8Array, context: GossipContext): Promise<Refusal | null> | Refusal | null
  /** Gets the announced certificate, encoded, from whoever forwarded the announcement; its hash is checked, no more. */
  announced(announcement: Announcement, context: GossipContext): Promise<Uint8Array | Refusal> | Refusal
}

/** Called after a message was accepted, in the order of acceptance. Never for own messages. */
export interface GossipHandlers {
  certificate(certificate: Certificate, encoded: Uint8Array, context: GossipContext): void
  settled(settled: Signed<Settled>, context: GossipContext): void
  close(bundle: CloseBundle, context: GossipContext): void
}

export interface GossipInit {
  readonly run: ContentId
  /** Hash of block 0: part of every scope. */
  readonly genesis: Uint8Array
  readonly stages: number
  readonly policy: GossipPolicy
  readonly handlers: GossipHandlers
  readonly onRefused?: (reason: RefusalReason, from: PeerName, kind: GossipKind | null) => void
  /** A peer forwarded `rejected` messages that no honest peer forwards: the node disconnects it. */
  readonly onMisbehaving?: (peer: PeerName, rejected: number) => void
}

/** A message that passed: what to do once gossipsub forwards it. */
export interface Accepted {
  deliver(): void
}

/** Checks one kind of message. Never rejects, but for a policy that throws. */
export type Validator = (body: Uint8Array, context: GossipContext, init: GossipInit) => Promise<Accepted | Refusal>

/** The part of gossipsub that is used. */
export type Pubsub = Pick<GossipSub, 'topicValidators' | 'subscribe' | 'unsubscribe' | 'getSubscribers' | 'publish'>

export interface GossipComponents {
  readonly pubsub: Pubsub
  readonly clock: Clock
}
