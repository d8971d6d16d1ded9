/** The engine in a thread of its own. */
import { loadKernels } from '../kernels/index.ts'
import { WORKER_WINDOW } from './constants.ts'
import { Dispatcher } from './dispatcher.ts'
import type { EngineError } from './errors.ts'
import type { StageInit } from './init.ts'
import { QueuedEngine } from './stage-engine.ts'
import type { StageEngine } from './types.ts'
import { WorkerExecutor } from './worker-executor.ts'
import { findWorker } from './worker-url.ts'

export interface StageEngineInit extends StageInit {
  /** The compute thread's program; found beside this one where not given. */
  readonly workerUrl?: URL
  /** Called once where the thread ends by itself. All pending and later calls reject with the same error. */
  readonly onDeath?: (error: EngineError) => void
}

/** @throws EngineError `unsupported-op`, `malformed-model` or `worker-died` */
export async function createStageEngine({ workerUrl, onDeath, ...init }: StageEngineInit): Promise<StageEngine> {
  let jobs: Dispatcher | null = null
  const executor = new WorkerExecutor(workerUrl ?? findWorker(), { init, kernels: await loadKernels() }, error => {
    jobs?.end(error)
    if (jobs !== null) onDeath?.(error)
  })
  const shape = await executor.ready()
  jobs = new Dispatcher(executor, { window: WORKER_WINDOW })
  return new QueuedEngine(shape, jobs)
}
