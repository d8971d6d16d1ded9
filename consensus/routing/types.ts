/**
 * Types of the work machine: one replica, one round (round.md, "Work: lanes"). Tensors are opaque handles here; the driver
 * keeps the bytes, moves them, computes with them and forgets them on `release`.
 */
import type { Hash, MicroBatchId, PeerName, TraceEntry } from '../../protocols/wire/messages.ts'
import type { Refusal } from '../../protocols/wire/refusals.ts'
import type { StatisticsReport, TensorStatistics } from '../../protocols/wire/tensor-statistics.ts'
import type { Lanes } from './lanes.ts'
import type { Pace } from './pace.ts'
import type { References } from './references.ts'
import type { Finding } from './statistics.ts'

/** Names bytes that the driver keeps. Whoever hands one to the machine gets a `release` for it, sooner or later. */
export type TensorHandle = string

export type AccumulatorName = 'lane' | 'off-lane'

export interface WorkContext {
  readonly epoch: number
  readonly round: number
  readonly self: PeerName
  readonly stage: number
  /** Lanes of the epoch; they also name the seats of every stage. */
  readonly lanes: Lanes
  /** Micro-batches that a source may start in a round: {@link sourceQuota}. */
  readonly quota: number
  /** Micro-batches of a round that fall to one replica of the own stage: ceil(target / seats); sources that are likely away left out, up to the quota. */
  readonly share: number
  /** Seats of the own stage that the round before has not heard, so that they likely send nothing in this one. */
  readonly silent: readonly PeerName[]
  /** Fewest and most micro-batches of a commitment that counts. */
  readonly countMin: number
  readonly countMax: number
  readonly limits: WorkLimits
  readonly timing: WorkTiming
  /** What was measured in the rounds before. */
  readonly pace: Pace
  /** What siblings said until now of the tensors that they receive. */
  readonly references: References
}

export interface WorkLimits {
  /** Micro-batches that a source has in flight before its lane was measured, and later at the most. */
  readonly window: number
  readonly windowMost: number
  /** Forwards accepted but not yet computed; above it BUSY. Senders of other lanes see half of it. */
  readonly queue: number
  /** Micro-batches whose tensors are kept; above it finished ones are forgotten, then BUSY. */
  readonly held: number
  /** Forwards of the next round that wait for this one to end; above it WAIT. */
  readonly parked: number
  /** Computations handed to the engine at a time. */
  readonly computing: number
  /** Times that a hop may answer BUSY before its sender turns to a sibling. */
  readonly busy: number
  /** Other hops that a sender tries, and deliveries of a gradient that it repeats, before it gives up. */
  readonly retries: number
  /** Second copies that a sender may send out in a round, as a share of what is due here. */
  readonly hedges: number
}

/** Milliseconds; what deadlines are before anything was measured (`pace.ts`). */
export interface WorkTiming {
  /** One hop: queue, computation and transfer. */
  readonly hopMs: number
  /** One stage's share of the drain after the close. */
  readonly drainMs: number
  /** The round closes here at the latest. */
  readonly roundMs: number
  /** Each further try waits this much longer. */
  readonly backOff: number
}

/** What a receiver says to a forward or a backward. */
export type Answer =
  | { readonly kind: 'accepted' }
  /** Kept until the receiver's round `round` is over. */
  | { readonly kind: 'parked'; readonly round: number }
  | { readonly kind: 'busy' }
  /** The receiver is still in `round` and has no room: ask again. */
  | { readonly kind: 'wait'; readonly round: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** What a sender got: an answer, or none (unreachable, reset, timed out). */
export type SendOutcome = Answer | { readonly kind: 'failed' }

/** A forward at the door; signatures, links and bytes were checked there. */
export interface ForwardInput {
  readonly type: 'forward'
  readonly from: PeerName
  readonly id: MicroBatchId
  /** Who held stages 0 .. stage-1: the signers of the header chain. The last one is `from`. */
  readonly path: readonly PeerName[]
  readonly tensor: TensorHandle
  /** Null where it was not measured: then nothing is compared. */
  readonly statistics: TensorStatistics | null
  /** The source has settled all its sequences below this: what is kept of them may go. */
  readonly settledBelow: number
}

/** A backward at the door. */
export interface BackwardInput {
  readonly type: 'backward'
  readonly from: PeerName
  readonly id: MicroBatchId
  /** Who held stages 0 .. S-1. */
  readonly path: readonly PeerName[]
  readonly tensor: TensorHandle
  /** Null where it was not measured: then nothing is compared. */
  readonly statistics: TensorStatistics | null
  /** SHA-256 of the newest backward header's envelope. */
  readonly header: Hash
  readonly lossMicronats: number
}

/** A sibling says what it receives. Not signed: the connection names it, and it counts as one among siblings. */
export interface ReportInput {
  readonly type: 'report'
  readonly from: PeerName
  readonly report: StatisticsReport
}

export type WorkInput =
  /** Once, first. `parked` is what the round before set aside (`takeParked`). */
  | { readonly type: 'start'; readonly parked: readonly ForwardInput[] }
  /** Every stage has reached this round: from now on it may run out of time. */
  | { readonly type: 'pipeline-ready' }
  | ForwardInput
  | BackwardInput
  | ReportInput
  /** A hop gave a micro-batch up: its sender re-routes at once instead of at the deadline. */
  | { readonly type: 'abandoned'; readonly from: PeerName; readonly id: MicroBatchId }
  | { readonly type: 'drawn'; readonly key: string; readonly tensor: TensorHandle }
  | {
      readonly type: 'computed'
      readonly key: string
      /** Activation, input gradient, or null (backward in stage 0). */
      readonly tensor: TensorHandle | null
      /** Head only, else 0. */
      readonly lossMicronats: number
    }
  /** A draw or computation failed; nothing was accumulated. */
  | { readonly type: 'compute-failed'; readonly key: string }
  /** Exactly one for every `send` of an activation or gradient. */
  | { readonly type: 'answered'; readonly transfer: number; readonly outcome: SendOutcome }
  | { readonly type: 'timer'; readonly id: string }
  /** A connection came or went; unreachable peers go to the end of the order. */
  | { readonly type: 'reachable'; readonly peer: PeerName; readonly reachable: boolean }
  /** It has not been connected since the run began, so it is likely still starting: what goes to it waits, for a while. */
  | { readonly type: 'awaited'; readonly peer: PeerName }
  /** This replica is about to stop for a while: what is under way goes on, what it has not begun goes to siblings. */
  | { readonly type: 'pause' }
  /** SETTLEDs that sum to the target were seen; or f + 1 siblings have closed, or another stage has certified the round (`isReached` false). */
  | { readonly type: 'closed'; readonly isReached: boolean }
  /** The round is decided: everything is released, except forwards parked for the next (`takeParked`). */
  | { readonly type: 'over' }

export interface SendEffect {
  readonly type: 'send'
  readonly transfer: number
  readonly to: PeerName
  readonly direction: 'forward' | 'backward'
  readonly id: MicroBatchId
  readonly tensor: TensorHandle
  readonly lossMicronats: number
  readonly settledBelow: number
  /** Answer `failed` after this. */
  readonly timeoutMs: number
}

/** The header of the result extends the header chain of `gradient`, where there is one, else of `input`. */
export type Computation =
  | { readonly task: 'forward'; readonly input: TensorHandle }
  | { readonly task: 'head'; readonly input: TensorHandle; readonly into: AccumulatorName }
  | {
      readonly task: 'backward'
      readonly input: TensorHandle
      readonly gradient: TensorHandle
      readonly into: AccumulatorName
    }

/** What one accumulator holds. */
export interface Accumulated {
  readonly count: number
  /** Head only, else 0. */
  readonly lossSumMicronats: number
  readonly trace: readonly TraceEntry[]
}

export type WorkEvent = 'started' | 'settled' | 'rerouted' | 'hedged' | 'dropped' | 'undelivered' | 'abandoned'

export type WorkEffect =
  /** Reply to the `forward` or `backward` that was the input of this very step; to a `report` only where it is refused. */
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'draw'; readonly key: string; readonly id: MicroBatchId }
  | { readonly type: 'compute'; readonly key: string; readonly id: MicroBatchId; readonly computation: Computation }
  | SendEffect
  /** "I gave this up", to who sent the forward; not answered, not repeated. */
  | { readonly type: 'abandon'; readonly to: PeerName; readonly id: MicroBatchId }
  /** Tell these siblings; not answered, not repeated. */
  | { readonly type: 'share'; readonly to: readonly PeerName[]; readonly report: StatisticsReport }
  /** A tensor was refused as `statistics`, and is released after this: what an audit of its sender would begin with. */
  | {
      readonly type: 'outside'
      readonly direction: 'forward' | 'backward'
      readonly from: PeerName
      readonly id: MicroBatchId
      readonly tensor: TensorHandle
      readonly finding: Finding
    }
  /** Sign and gossip SETTLED; `root` chains the backward headers in order of settlement. */
  | { readonly type: 'settled'; readonly count: number; readonly root: Hash }
  /** Replaces a timer of the same id. */
  | { readonly type: 'timer'; readonly id: string; readonly delayMs: number }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'release'; readonly tensor: TensorHandle }
  /** Nothing is added to the accumulators after this. Once a round. */
  | { readonly type: 'ready-to-commit'; readonly lane: Accumulated; readonly offLane: Accumulated }
  | {
      readonly type: 'status'
      readonly event: WorkEvent
      readonly id: MicroBatchId
      /** The hop that failed, or that is not reached. */
      readonly peer: PeerName | null
    }
