/**
 * The jobs of an engine: what goes into one, what comes out, and which goes first. A caller's arrays are copied once, when
 * the job is started; results are handed over without a copy.
 */
import type { Hash } from '../../../protocols/wire/messages.ts'
import type { Accumulator, EncodedCommit, Execution, StageInput } from './types.ts'

export interface Jobs {
  forward: { request: { input: StageInput }; result: Uint8Array }
  backward: {
    request: { input: StageInput; outputGradient: Uint8Array; into: Accumulator }
    result: Uint8Array | null
  }
  head: {
    request: { input: StageInput; targets: Uint8Array; into: Accumulator }
    result: { loss: number; inputGradient: Uint8Array | null }
  }
  evaluate: { request: { input: StageInput; targets: Uint8Array }; result: number }
  logits: { request: { input: StageInput }; result: Uint8Array }
  beginRound: { request: null; result: null }
  commit: { request: { count: number; withOffLane: boolean }; result: EncodedCommit }
  aggregate: { request: { partition: number; inputs: readonly Uint8Array[] }; result: Uint8Array | null }
  checkPartition: { request: { partition: number; bytes: Uint8Array }; result: boolean }
  execute: {
    request: { round: number; aggregate: readonly Uint8Array[]; wantFullRoot: boolean }
    result: Execution
  }
  promote: { request: { adoptMomentum: boolean }; result: null }
  fullRoot: { request: null; result: Hash }
  exportState: { request: null; result: Uint8Array }
  importState: { request: { bytes: Uint8Array }; result: null }
  parameters: { request: null; result: Float32Array }
}

export type JobKind = keyof Jobs
export type JobRequest<K extends JobKind> = Jobs[K]['request']
export type JobResult<K extends JobKind> = Jobs[K]['result']

/**
 * Lower goes first. What the stage waits for to decide a round is small and must not stand behind tensors; a backward
 * settles a micro-batch that others have already paid for, a forward only starts one.
 */
export const JOB_PRIORITY: Readonly<Record<JobKind, number>> = {
  beginRound: 0,
  commit: 0,
  aggregate: 0,
  checkPartition: 0,
  execute: 0,
  promote: 0,
  fullRoot: 0,
  exportState: 0,
  importState: 0,
  parameters: 0,
  backward: 1,
  head: 1,
  forward: 2,
  evaluate: 3,
  logits: 3,
}

export const JOB_PRIORITIES = 4

/** True once the caller no longer wants the job: checked before it starts and before it changes anything. */
export type Cancelled = () => boolean

/** Runs jobs, one after the other. Rejects with the caller's abort reason, and without effect, once `signal` was seen. */
export interface Executor {
  run<K extends JobKind>(kind: K, request: JobRequest<K>, signal: AbortSignal | undefined): Promise<JobResult<K>>
  dispose(): Promise<void>
}
