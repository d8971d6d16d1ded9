/** Types of the activations protocol: what travels, what the node must know and decide. */
import type { Encoding, Hash, MicroBatchId, PeerName, Scope } from '../wire/messages.ts'
import type { Refusal, RefusalReason } from '../wire/refusals.ts'
import type { StatisticsReport } from '../wire/tensor-statistics.ts'

export type Direction = 'forward' | 'backward'

/** The signed headers from the source up to a tensor: its receipt, and the blame chain. */
export interface HeaderChain {
  /** Envelopes of `Boundary`, oldest first. */
  readonly envelopes: readonly Uint8Array[]
  /** SHA-256 of the tensor that the newest one describes. */
  readonly content: Hash
}

/** A tensor that passed every check at the door. */
export interface Delivery {
  readonly direction: Direction
  readonly from: PeerName
  readonly id: MicroBatchId
  /** Holders of stages 0, 1, ...: forward up to `from`, backward of all stages. */
  readonly path: readonly PeerName[]
  readonly chain: HeaderChain
  /** SHA-256 of the newest header's envelope: what SETTLED's root chains. */
  readonly header: Hash
  /** In the run's encoding of boundary tensors; all finite. */
  readonly tensor: Uint8Array
  /** Backward: the head's mean loss in micro-nats a token; not signed, the head's COMMIT is what counts. Forward: 0. */
  readonly lossMicronats: number
  /** Forward: the source has settled all sequences below this. Backward: 0. */
  readonly settledBelow: number
}

/** What the receiver says to a tensor; `consensus/routing` has the meaning. */
export type Answer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'parked'; readonly round: number }
  | { readonly kind: 'busy' }
  | { readonly kind: 'wait'; readonly round: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** The same as the sender sees it: `failed` where none came. */
export type SendOutcome = Answer | { readonly kind: 'failed' }

/** The seats of one stage in one epoch. */
export interface StageSeats {
  readonly hash: Hash
  has(peer: PeerName): boolean
}

export interface ActivationsPolicy {
  /** The round that this peer works on. */
  round(): number
  /** Null where the epoch is not the own, the one before or the one after. */
  seats(epoch: number, stage: number): StageSeats | null
  /** May this peer bring tensors at all: is it a seat of the stage before ours or after? */
  admitPeer(from: PeerName): Refusal | null
}

export interface ActivationsHandlers {
  /** Decides at once, from the work machine. The tensor's memory is freed afterwards: what is taken is copied. */
  accept(delivery: Delivery): Answer
  /** A hop gave a micro-batch up. */
  abandoned(from: PeerName, id: MicroBatchId): void
  /** Somebody, a sibling perhaps, says what it receives; a refusal where that is not taken. */
  reported(from: PeerName, report: StatisticsReport): Refusal | null
}

/** What the headers are checked against. */
export interface ActivationsRun {
  readonly genesis: Hash
  readonly run: string
  readonly self: PeerName
  readonly stage: number
  readonly stages: number
  /** Shape of a boundary tensor, from the manifest: [sequences, sequence, width]. */
  readonly shape: readonly number[]
  /** Of its values, from the manifest. */
  readonly encoding: Encoding
}

/** A tensor to be signed: its header extends `parent`. */
export interface Draft {
  readonly direction: Direction
  readonly id: MicroBatchId
  /** Of the own stage, at the micro-batch's round. */
  readonly scope: Scope
  /** Chain of the tensor that it was computed from; null at the source. */
  readonly parent: HeaderChain | null
  readonly tensor: Uint8Array
}

/** A signed tensor: may be sent to any number of siblings, always under the same header. */
export interface Outgoing {
  readonly direction: Direction
  readonly chain: HeaderChain
  readonly tensor: Uint8Array
}

export interface SendOptions {
  readonly lossMicronats?: number
  readonly settledBelow?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export type RefusedListener = (reason: RefusalReason, from: PeerName, detail?: string) => void
