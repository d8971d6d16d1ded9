/** What protocols see of streams: requests, notes, answers. */
import type { Clock, Digest, Random } from '../environment.ts'
import type { Hash, PeerName } from '../messages.ts'
import type { Refusal, RefusalReason } from '../refusals.ts'

/** A header (any canonical DAG-CBOR value, unchecked) and a body whose bytes match `digest`. */
export interface Message {
  readonly header: unknown
  /** Empty where the sender gave none. */
  readonly body: Uint8Array
  /** SHA-256 of the body, checked off the main thread; null without a body. */
  readonly digest: Hash | null
}

export interface Reply {
  readonly header: unknown
  readonly body?: Uint8Array
  /** SHA-256 of the body, where it is known already; saves hashing it again. */
  readonly digest?: Hash
}

export interface HandlerContext {
  readonly from: PeerName
  /** SHA-256 of the body, already checked; null without a body. */
  readonly digest: Hash | null
  /** Fires when the sender gave up or the stream ended. It is made when it is first read, so read it only to hand it on. */
  readonly signal: AbortSignal
  /** Whether the signal has fired. */
  readonly isGivenUp: boolean
}

/** Answers a request; an exception counts as a bug here and reaches the peer as the refusal `aborted`. */
export type RequestHandler = (header: unknown, body: Uint8Array, context: HandlerContext) => Promise<Reply | Refusal>

/** Takes a note. Reading waits while too many run, so it must not wait for answers on the same stream. */
export type NoteHandler = (header: unknown, body: Uint8Array, context: HandlerContext) => Promise<Refusal | null>

export interface Handlers {
  /** Without it requests are refused as `not-allowed`. */
  readonly onRequest?: RequestHandler
  /** Without it notes are refused as `not-allowed`. */
  readonly onNote?: NoteHandler
  /**
   * May this peer bring a body at all? Asked before room is set aside for one: else whoever connects could announce bodies that never
   * come, until there is no room for those of others. Without it, all may.
   */
  readonly admitBody?: (from: PeerName) => Refusal | null
  /** The handlers keep nothing of a body, so its memory is freed when they are done; else it is left to the garbage collector. */
  readonly areBodiesSpent?: boolean
}

export interface SendOptions {
  readonly signal?: AbortSignal
  /** SHA-256 of the body, where it is known already. */
  readonly digest?: Hash
}

export interface NoteOptions extends SendOptions {
  /** Until it must be handed to the stream, which a slow reader delays. */
  readonly timeoutMs?: number
}

export interface RequestOptions extends SendOptions {
  /** Until the answer must have come. */
  readonly timeoutMs?: number
  /** Longest body of an answer that is taken; a longer one is refused as `too-large`. */
  readonly maxAnswerBytes?: number
}

/** Called for everything from the wire that is refused here, and for handlers that threw. */
export type RefusalListener = (reason: RefusalReason, peer: PeerName, detail?: string) => void

/** What streams are handed. */
export interface StreamEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly digest: Digest
}
