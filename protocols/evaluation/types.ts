/** What the evaluation protocol is made from, and what the node must decide for it. */
import type { Handlers, Message, RefusalListener, RequestOptions } from '../wire/frames/types.ts'
import type { ContentId, PeerName } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'

/** One held-out batch on its way through the stages. */
export interface EvaluationHeader {
  readonly type: 'evaluate'
  readonly run: ContentId
  /** The stage that is asked. */
  readonly stage: number
  /** The state to be used is that after this round. */
  readonly round: number
  /** Which of `count` batches at even distances over the held-out part. */
  readonly index: number
  readonly count: number
}

export interface EvaluationPolicy {
  /** Is this peer a seat of the stage before ours? */
  admit(from: PeerName): Refusal | null
  /** Length of a boundary activation, in bytes. */
  readonly activationBytes: number
}

export interface EvaluationHandlers {
  /** Mean loss of the batch in micro-nats a token; a refusal where the state of that round is not here any more. */
  evaluate(header: EvaluationHeader, activation: Uint8Array, signal: AbortSignal): Promise<number | Refusal>
  refused?(reason: RefusalReason, from: PeerName, detail?: string): void
}

export interface EvaluationInit {
  readonly run: ContentId
  readonly stage: number
  readonly policy: EvaluationPolicy
  readonly handlers: EvaluationHandlers
}

/** The part of `PeerStreams` that is used. */
export interface EvaluationStreams {
  start(): Promise<void>
  stop(): Promise<void>
  request(to: PeerName, header: unknown, body: Uint8Array, options: RequestOptions): Promise<Message | Refusal>
}

/** Makes the streams around this protocol's handlers. */
export type OpenStreams<S> = (handlers: Handlers, onRefusal: RefusalListener) => S
