/** The engine in threads of its own. */
import { loadKernels } from '../kernels/index.ts'
import { type Deal, dealHands } from '../partition/index.ts'
import { WORKER_WINDOW } from './constants.ts'
import { Dispatcher } from './dispatcher.ts'
import type { EngineError } from './errors.ts'
import { type SharedMemory, shareMemory } from './hands/shared.ts'
import { planStage, type StageInit } from './init.ts'
import { QueuedEngine } from './stage-engine.ts'
import type { StageEngine } from './types.ts'
import { WorkerExecutor } from './worker-executor.ts'
import { findWorker } from './worker-url.ts'

export interface StageEngineInit extends StageInit {
  /** The threads' program; found beside this one where not given. */
  readonly workerUrl?: URL
  /** Called once where a thread ends by itself. All pending and later calls reject with the same error. */
  readonly onDeath?: (error: EngineError) => void
}

/** @throws EngineError `unsupported-op`, `malformed-model` or `worker-died` */
export async function createStageEngine({ workerUrl, onDeath, ...init }: StageEngineInit): Promise<StageEngine> {
  let jobs: Dispatcher | null = null
  const engine = { init, kernels: await loadKernels(), shared: sharedOf(init) }
  const executor = new WorkerExecutor(workerUrl ?? findWorker(), engine, error => {
    jobs?.end(error)
    if (jobs !== null) onDeath?.(error)
  })
  const shape = await executor.ready()
  jobs = new Dispatcher(executor, { window: WORKER_WINDOW })
  return new QueuedEngine(shape, jobs)
}

function sharedOf(init: StageInit): SharedMemory | null {
  const deal = dealOf(init)
  return deal.shares.length === 1 ? null : shareMemory(deal, planStage(init))
}

/** What another provider computes on is one device, whose own threads divide the operators. */
function dealOf({ manifest, cut, threads, memoryBytes, executionProviders }: StageInit): Deal {
  const { sequences } = manifest.batch
  if (executionProviders !== undefined) return { shares: [sequences], threads, bytes: 0 }
  return dealHands({ model: manifest.model, cut, sequences, threads, memoryBytes: memoryBytes ?? null })
}
