/** The messages between an engine and its worker, and what may be handed over instead of copied. */
import type { Failure } from './failure.ts'
import type { SharedMemory } from './hands/shared.ts'
import type { StageInit } from './init.ts'
import type { JobKind, JobRequest } from './jobs.ts'
import type { StageShape } from './types.ts'

export interface EngineInit {
  readonly init: StageInit
  /** The compiled kernels. */
  readonly kernels: Uint8Array<ArrayBuffer>
  /** What the hands share; null where the compute thread is the only one. */
  readonly shared: SharedMemory | null
}

/** What a thread of an engine is started with. Hand 0 is the compute thread. */
export interface WorkerInit extends EngineInit {
  readonly hand: number
}

export interface JobMessage<K extends JobKind = JobKind> {
  readonly type: 'job'
  readonly id: number
  readonly kind: K
  readonly request: JobRequest<K>
  /** One shared word that becomes 1 when the caller cancels. */
  readonly cancel: Int32Array | null
}

export type ToWorker = JobMessage | { readonly type: 'dispose' }

/** A hand beside the first says only whether it is ready; what it is given to do passes through the shared memory. */
export type FromWorker =
  | { readonly type: 'ready'; readonly shape: StageShape }
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
  /** `id` null: the engine could not be made. */
  | { readonly type: 'failed'; readonly id: number | null; readonly failure: Failure }

/**
 * A request whose arrays are copies that may be handed over: the caller keeps its own, it may have to send them again.
 * One copy here and none in `postMessage`, which would otherwise make two.
 */
export function copyRequest<K extends JobKind>(request: JobRequest<K>): JobRequest<K> {
  return copyValue(request)
}

function copyValue<T>(value: T): T
function copyValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(item => copyValue(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyValue(field)]))
}

/** The buffers of all arrays in a message. Each array must own its buffer. */
export function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(buffersOf)
}
