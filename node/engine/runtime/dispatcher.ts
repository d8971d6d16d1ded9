/** Queues jobs in front of an executor, so that what waits can still be overtaken or dropped. */
import { MAX_QUEUED_JOBS } from './constants.ts'
import { EngineError } from './errors.ts'
import { type Executor, JOB_PRIORITIES, JOB_PRIORITY, type JobKind, type JobRequest, type JobResult } from './jobs.ts'
import { PriorityQueue } from './queue.ts'

interface Waiting {
  start(): Promise<void>
  reject(reason: unknown): void
}

export interface DispatcherOptions {
  /** Jobs that the executor is given at a time. */
  readonly window: number
  /** Jobs that may wait beside them. */
  readonly limit?: number
}

export class Dispatcher {
  readonly #executor: Executor
  readonly #window: number
  readonly #queue: PriorityQueue<Waiting>
  #running = 0
  #ended: EngineError | null = null

  constructor(executor: Executor, { window, limit = MAX_QUEUED_JOBS }: DispatcherOptions) {
    this.#executor = executor
    this.#window = window
    this.#queue = new PriorityQueue(JOB_PRIORITIES, limit)
  }

  /**
   * A queued job is dropped when its signal aborts. One that has started is waited for: it rejects with the signal's reason
   * only if it had no effect, so a gradient is in its accumulator exactly where the promise resolved.
   * @throws EngineError `queue-full`, `disposed`, or what the executor says
   */
  run<K extends JobKind>(kind: K, request: JobRequest<K>, signal?: AbortSignal): Promise<JobResult<K>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended)
      if (signal?.aborted === true) return reject(signal.reason)
      const drop = (): void => {
        if (this.#queue.remove(waiting)) reject(signal?.reason)
      }
      const waiting: Waiting = {
        start: async () => {
          signal?.removeEventListener('abort', drop)
          await this.#executor.run(kind, request, signal).then(resolve, reject)
        },
        reject: reason => {
          signal?.removeEventListener('abort', drop)
          reject(reason)
        },
      }
      if (!this.#queue.push(JOB_PRIORITY[kind], waiting)) {
        return reject(new EngineError('queue-full', `${this.#queue.size} jobs wait`))
      }
      signal?.addEventListener('abort', drop, { once: true })
      this.#pump()
    })
  }

  /** Rejects all that wait and all that comes; what runs is left to the executor. */
  end(reason: EngineError): void {
    if (this.#ended !== null) return
    this.#ended = reason
    for (let waiting = this.#queue.shift(); waiting !== undefined; waiting = this.#queue.shift()) waiting.reject(reason)
  }

  async dispose(): Promise<void> {
    this.end(new EngineError('disposed', 'no more jobs are taken'))
    await this.#executor.dispose()
  }

  #pump(): void {
    while (this.#running < this.#window) {
      const next = this.#queue.shift()
      if (next === undefined) return
      this.#running++
      void next.start().finally(() => {
        this.#running--
        this.#pump()
      })
    }
  }
}
