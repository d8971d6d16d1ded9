/** The engine on the calling thread, for simulations and tests: same code, same results, no thread. */
import { loadKernels } from '../kernels/index.ts'
import { Dispatcher } from './dispatcher.ts'
import { type Compute, openCompute } from './encoded-compute.ts'
import { Cancellation } from './failure.ts'
import type { StageInit } from './init.ts'
import type { Executor, JobKind, JobRequest, JobResult } from './jobs.ts'
import { QueuedEngine } from './stage-engine.ts'
import type { StageEngine } from './types.ts'

/** Waited for before a job of this kind is computed: how long it takes under virtual time. */
export type Pace = (kind: JobKind) => Promise<void>

/** @throws EngineError `unsupported-op` or `malformed-model` */
export async function createInlineEngine(init: StageInit, pace: Pace | null = null): Promise<StageEngine> {
  const compute = await openCompute({ init, kernels: await loadKernels(), shared: null })
  return new QueuedEngine(compute.shape, new Dispatcher(new InlineExecutor(compute, pace), { window: 1 }))
}

class InlineExecutor implements Executor {
  readonly #compute: Compute
  readonly #pace: Pace | null
  #last: Promise<unknown> = Promise.resolve()

  constructor(compute: Compute, pace: Pace | null) {
    this.#compute = compute
    this.#pace = pace
  }

  run<K extends JobKind>(kind: K, request: JobRequest<K>, signal: AbortSignal | undefined): Promise<JobResult<K>> {
    const job = this.#paced(kind, request, signal).catch((error: unknown) => {
      throw error instanceof Cancellation ? signal?.reason : error
    })
    this.#last = job.catch(() => undefined)
    return job
  }

  async #paced<K extends JobKind>(
    kind: K,
    request: JobRequest<K>,
    signal: AbortSignal | undefined,
  ): Promise<JobResult<K>> {
    await this.#pace?.(kind)
    return this.#compute.run(kind, request, () => signal?.aborted === true)
  }

  async dispose(): Promise<void> {
    await this.#last
    await this.#compute.dispose()
  }
}
