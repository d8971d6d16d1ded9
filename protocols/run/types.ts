/** What the run protocol is made from. */
import type { Handlers, Message, RefusalListener, RequestOptions } from '../wire/frames/types.ts'
import type { ContentId, PeerName } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'

/** A run that this peer takes part in. */
export interface ServedRun {
  readonly run: ContentId
  /** The manifest, encoded: its hash is the run's id. */
  readonly manifest: Uint8Array
}

export interface RunsInit {
  /** Null for a peer that only asks. */
  readonly served: ServedRun | null
  readonly onRefused?: (reason: RefusalReason, from: PeerName, detail?: string) => void
}

/** The part of `PeerStreams` that is used. */
export interface RunStreams {
  start(): Promise<void>
  stop(): Promise<void>
  request(to: PeerName, header: unknown, body: Uint8Array, options: RequestOptions): Promise<Message | Refusal>
}

/** Makes the streams around this protocol's handlers. */
export type OpenStreams<S> = (handlers: Handlers, onRefusal: RefusalListener) => S
