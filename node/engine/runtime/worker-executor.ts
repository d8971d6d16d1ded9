/** Runs jobs in the compute thread. */
import { Worker } from 'node:worker_threads'
import { buffersOf, copyRequest, errorOf, type FromWorker, type ToWorker, type WorkerInit } from './channel.ts'
import { DISPOSE_TIMEOUT_MS } from './constants.ts'
import { EngineError } from './errors.ts'
import type { Executor, JobKind, JobRequest, JobResult } from './jobs.ts'
import type { StageShape } from './types.ts'

interface Pending {
  resolve(result: unknown): void
  reject(reason: unknown): void
  /** What a cancelled job rejects with. */
  reason(): unknown
}

export class WorkerExecutor implements Executor {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<void>
  readonly #ready: Promise<StageShape>
  #nextId = 0
  #death: EngineError | null = null
  #disposing = false

  /** @param onDeath called once where the thread ends without having been asked to */
  constructor(url: URL, init: WorkerInit, onDeath: (error: EngineError) => void) {
    this.#worker = new Worker(url, { workerData: init })
    let cause = 'without a reason'
    this.#worker.on('error', error => {
      cause = error instanceof Error ? error.message : String(error)
    })
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve(message.shape)
        else if (message.type === 'failed' && message.id === null) reject(errorOf(message.failure, undefined))
        else this.#settle(message)
      })
      this.#worker.on('exit', code => {
        this.#death = new EngineError('worker-died', `${cause} (exit code ${code})`)
        reject(this.#death)
        for (const pending of this.#pending.values()) pending.reject(this.#death)
        this.#pending.clear()
        if (!this.#disposing) onDeath(this.#death)
      })
    })
    this.#exited = new Promise(resolve => {
      this.#worker.once('exit', () => resolve())
    })
  }

  /** Resolves when the first job may be run. Rejects with what went wrong in the thread. */
  ready(): Promise<StageShape> {
    return this.#ready
  }

  async run<K extends JobKind>(
    kind: K,
    request: JobRequest<K>,
    signal: AbortSignal | undefined,
  ): Promise<JobResult<K>> {
    if (this.#death !== null) throw this.#death
    const id = this.#nextId++
    const cancel = signal === undefined ? null : new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const onAbort = (): void => {
      if (cancel !== null) Atomics.store(cancel, 0, 1)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const result = await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, reason: () => signal?.reason })
        this.#post({ type: 'job', id, kind, request: copyRequest(request), cancel })
      })
      // The worker answers a job of this kind with a result of this kind (`compute.ts`, `Handlers`).
      return result as JobResult<K>
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async dispose(): Promise<void> {
    this.#disposing = true
    if (this.#death !== null) return
    this.#post({ type: 'dispose' })
    const timer = setTimeout(() => void this.#worker.terminate(), DISPOSE_TIMEOUT_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message, buffersOf(message))
  }

  #settle(message: Exclude<FromWorker, { type: 'ready' }>): void {
    if (message.id === null) return
    const pending = this.#pending.get(message.id)
    if (pending === undefined) return
    this.#pending.delete(message.id)
    if (message.type === 'done') pending.resolve(message.result)
    else pending.reject(errorOf(message.failure, pending.reason()))
  }
}
