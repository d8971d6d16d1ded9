/**
 * The engine of one stage as the rest of the node sees it: everything asynchronous, everything bytes. Behind it a worker
 * thread owns parameters, moments and accumulators in WebAssembly memory; hashed state changes only in its kernels.
 */
import type { Hash } from '../../../protocols/wire/messages.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
}

/** Two accumulators, so that gradients of off-lane micro-batches can be dropped whole (round.md, "Why lanes"). */
export type Accumulator = 'lane' | 'off-lane'

/** Token ids (stage 0: one byte each, `sequences * sequence` of them) or the boundary activation in the run's encoding. */
export type StageInput = Uint8Array

export interface StageShape {
  /** Values in the stage's flat parameter vector. */
  readonly parameters: number
  /** Values in the whole model's. */
  readonly modelParameters: number
  /** Values a partition (the last may be shorter). */
  readonly partitionValues: number
  readonly partitions: number
  /** Bytes of a boundary tensor (input of stages > 0, output of stages < last). */
  readonly boundaryBytes: number
  /** Forward + backward floating point operations of a micro-batch in this stage, over all stages' sum: the share of a point. */
  readonly flopsShare: number
}

export interface EncodedCommit {
  /** All partitions' encoded bytes, back to back, in manifest order. */
  readonly bytes: Uint8Array
  /** Byte offset of each partition, and the total length as last element. */
  readonly offsets: readonly number[]
  readonly leaves: readonly Hash[]
}

export interface Execution {
  /** False where the result is not finite or out of bounds: the outcome is a SKIP. */
  readonly accepted: boolean
  /** Merkle root of parameters and moments after the step, when asked for. */
  readonly fullRoot: Hash | null
  /** Norm of the aggregate before clipping. */
  readonly aggregateNorm: number
}

export interface StageEngine {
  readonly shape: StageShape
  /** Output activation of a micro-batch (not for the last stage). */
  forward(input: StageInput, options?: CallOptions): Promise<Uint8Array>
  /**
   * Recomputes the forward, adds the parameter gradients to the accumulator and returns the input's gradient
   * (null in stage 0). Not for the last stage.
   */
  backward(
    input: StageInput,
    outputGradient: Uint8Array,
    into: Accumulator,
    options?: CallOptions,
  ): Promise<Uint8Array | null>
  /** Last stage: loss (mean, nats a token), forward and backward in one. */
  head(
    input: StageInput,
    targets: Uint8Array,
    into: Accumulator,
    options?: CallOptions,
  ): Promise<{ loss: number; inputGradient: Uint8Array | null }>
  /** Last stage: loss only. */
  evaluate(input: StageInput, targets: Uint8Array, options?: CallOptions): Promise<number>
  /** Last stage: logits of every position, f32 little-endian [positions, vocabulary]. */
  logits(input: StageInput, options?: CallOptions): Promise<Uint8Array>
  /** Zeroes both accumulators. */
  beginRound(options?: CallOptions): Promise<void>
  /** m = b1 * m + (1 - b1) * (accumulated / count), encoded and hashed; with `withOffLane` both accumulators are summed first. */
  commit(count: number, withOffLane: boolean, options?: CallOptions): Promise<EncodedCommit>
  /** Applies the rule to one partition of n encoded inputs, in the order given; null where the result is not finite or out of bounds. */
  aggregate(partition: number, inputs: readonly Uint8Array[], options?: CallOptions): Promise<Uint8Array | null>
  /** Checks an encoded partition at the door: length, finite, |x| <= bound. */
  checkPartition(partition: number, bytes: Uint8Array, options?: CallOptions): Promise<boolean>
  /** Runs the optimiser for `round` on a shadow copy, from all aggregated partitions in order. */
  execute(
    round: number,
    aggregate: readonly Uint8Array[],
    wantFullRoot: boolean,
    options?: CallOptions,
  ): Promise<Execution>
  /** Makes the shadow the state (and, after a restart, sets the worker momentum to the last aggregate when `adoptMomentum`). */
  promote(options?: { adoptMomentum?: boolean } & CallOptions): Promise<void>
  /** Merkle root of parameters and moments of the current state. */
  fullRoot(options?: CallOptions): Promise<Hash>
  /** The whole current state (parameters, second moments, last aggregate), for snapshots and state transfer. */
  exportState(options?: CallOptions): Promise<Uint8Array>
  /** Replaces the state; sets the worker momentum to the last aggregate. Rejects a wrong length. */
  importState(bytes: Uint8Array, options?: CallOptions): Promise<void>
  /** A copy of the flat parameters, f32. */
  parameters(options?: CallOptions): Promise<Float32Array>
  dispose(): Promise<void>
}
