/** Limits of the agreement protocol; each with its unit and reason. */
import { MAX_PARTITIONS, MAX_SEATS } from '../wire/constants.ts'

const KIB = 1024
const MIB = 1024 * KIB

export const AGREEMENT_PROTOCOL = '/swarm-node/agreement/1.0.0'

/** Envelopes beside a message: what the round's machine takes beside the proposal of a full stage (`consensus/round`). */
export const MAX_ATTACHMENTS = 9 * MAX_SEATS

/** Bytes of a message with its attachments: 256 COMMITs and HAVEs of some 30 KiB, half of what a body may be. */
export const MESSAGE_MAX_BYTES = 32 * MIB

/** Messages in one batch: a batch is what one turn of a slow peer costs. */
export const BATCH_MAX_MESSAGES = 64

/** Bytes of a batch of more than one message. */
export const BATCH_MAX_BYTES = 256 * KIB

/** Bytes up to which a batch travels in the header: below it one frame is faster than a body with its digest. */
export const HEADER_MAX_BYTES = 64 * KIB

/** Batches to one peer at a time that it has not confirmed: two keep the stream busy, more would only wait there. */
export const BATCHES_IN_FLIGHT = 2

/** Messages kept for a peer until their round is over: the AGGREGATEs of all partitions, and some of each other kind. */
export const OUTBOX_MAX_MESSAGES = MAX_PARTITIONS + 1024

/** Siblings with an outbox: the other seats of a stage. */
export const MAX_SIBLINGS = MAX_SEATS

/** Milliseconds in which a peer must confirm a batch: it checks up to some 1,000 signatures of 0.2 ms for it. */
export const BATCH_TIMEOUT_MS = 10_000

/** Milliseconds between attempts to reach a peer that is away; the streams back off on their own below that. */
export const RETRY_MS = 500

/** Milliseconds for a request of certificates or commits. */
export const REQUEST_TIMEOUT_MS = 10_000

/** Certificates in an answer. */
export const MAX_CERTIFICATES = 64

/** Bytes of certificates or commits in an answer above which no more are added. */
export const ANSWER_MAX_BYTES = 4 * MIB

/** Malformed messages (not late or unwanted ones) after which a peer is disconnected; a correct peer sends none. */
export const MAX_MALFORMED = 16
