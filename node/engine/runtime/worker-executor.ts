/** Runs jobs in the compute thread, and keeps it and its other hands together: all start, and all end. */
import { Worker } from 'node:worker_threads'
import { buffersOf, copyRequest, type EngineInit, type FromWorker, type ToWorker, type WorkerInit } from './channel.ts'
import { DISPOSE_TIMEOUT_MS } from './constants.ts'
import { EngineError } from './errors.ts'
import { errorOf } from './failure.ts'
import { endLine, type HandLine } from './hands/shared.ts'
import type { Executor, JobKind, JobRequest, JobResult } from './jobs.ts'
import type { StageShape } from './types.ts'

interface Pending {
  resolve(result: unknown): void
  reject(reason: unknown): void
  /** What a cancelled job rejects with. */
  reason(): unknown
}

export class WorkerExecutor implements Executor {
  /** The compute thread, and its other hands. */
  readonly #workers: readonly Worker[]
  readonly #lines: readonly HandLine[]
  readonly #pending = new Map<number, Pending>()
  readonly #exited: Promise<unknown>
  readonly #ready: Promise<StageShape>
  readonly #onDeath: (error: EngineError) => void
  #nextId = 0
  #death: EngineError | null = null
  #disposing = false

  /** @param onDeath called once where a thread ends without having been asked to */
  constructor(url: URL, init: EngineInit, onDeath: (error: EngineError) => void) {
    this.#onDeath = onDeath
    this.#lines = init.shared?.lines ?? []
    this.#workers = Array.from({ length: 1 + this.#lines.length }, (_, hand) => {
      const workerData: WorkerInit = { ...init, hand }
      return new Worker(url, { workerData })
    })
    this.#exited = Promise.all(
      this.#workers.map(worker => new Promise<void>(resolve => void worker.once('exit', () => resolve()))),
    )
    this.#ready = Promise.all(this.#workers.map((worker, hand) => this.#watch(worker, hand))).then(
      shapes => shapes[0]!,
      error => {
        this.#release()
        throw error
      },
    )
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
    if (this.#death === null) this.#post({ type: 'dispose' })
    const timer = setTimeout(() => {
      for (const worker of this.#workers) void worker.terminate()
    }, DISPOSE_TIMEOUT_MS)
    await this.#exited
    clearTimeout(timer)
  }

  /** Resolves when the thread is ready to work. */
  #watch(worker: Worker, hand: number): Promise<StageShape> {
    let cause = 'without a reason'
    worker.on('error', error => {
      cause = error instanceof Error ? error.message : String(error)
    })
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve(message.shape)
        else if (message.type === 'failed' && message.id === null) reject(errorOf(message.failure, undefined))
        else this.#settle(message)
      })
      worker.on('exit', code => {
        const who = hand === 0 ? '' : `hand ${hand}: `
        const death = new EngineError('worker-died', `${who}${cause} (exit code ${code})`)
        reject(death)
        // The others are asked to end before the compute thread is done.
        if (hand === 0 || !this.#disposing) this.#end(death)
      })
    })
  }

  /** What a hand has accumulated is gone with it, so the engine ends with the first thread that does. */
  #end(death: EngineError): void {
    if (this.#death !== null) return
    this.#death = death
    for (const pending of this.#pending.values()) pending.reject(death)
    this.#pending.clear()
    if (this.#disposing) return
    this.#release()
    this.#onDeath(death)
  }

  /** Lets the threads end by themselves: to end one that is inside a graph would end the whole process. */
  #release(): void {
    this.#lines.forEach(endLine)
    this.#post({ type: 'dispose' })
  }

  #post(message: ToWorker): void {
    this.#workers[0]!.postMessage(message, buffersOf(message))
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
