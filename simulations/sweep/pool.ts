/** Runs jobs in child processes: side by side, and apart, so that a run that hangs or dies costs one seed. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { HarnessSource } from '../harness.ts'
import { failedResult, type Job, type Outcome } from './job.ts'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

export interface PoolInit {
  readonly harness: HarnessSource
  readonly processes: number
  /** A run that takes longer is ended and unknown. */
  readonly limitMs?: number
  /** Another Node's program. */
  readonly execPath?: string
  /** Beside those of this process, which go along: a loader hook must reach the children. */
  readonly execArgv?: readonly string[]
  /** A fresh process for each job: its memory is its own. */
  readonly fresh?: boolean
}

/** Room for young objects: messages and effects of tier 0, streams, frames and promises of tier 1 die soon, and collecting them cost a tenth of the time. */
export const YOUNG_HEAP: readonly string[] = ['--min-semi-space-size=32', '--max-semi-space-size=64']

const DEFAULT_LIMIT_MS = 15 * 60_000

export class Pool {
  readonly #init: PoolInit
  readonly #idle: ChildProcess[] = []
  readonly #all = new Set<ChildProcess>()
  #isClosed = false

  constructor(init: PoolInit) {
    this.#init = init
  }

  /**
   * Runs what `jobs` gives, as many at a time as there are processes; asks for the next one only when there is room.
   * Resolves when all have ended, or, once the signal fires, at once.
   */
  async runAll(
    jobs: Iterable<Job>,
    onOutcome: (job: Job, outcome: Outcome) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const source = jobs[Symbol.iterator]()
    const lane = async () => {
      while (!signal.aborted) {
        const next = source.next()
        if (next.done) return
        const outcome = await this.#run(next.value, signal)
        if (outcome !== null) await onOutcome(next.value, outcome)
      }
    }
    await Promise.all(Array.from({ length: this.#init.processes }, lane))
  }

  /** Ends the processes. */
  close(): void {
    this.#isClosed = true
    for (const child of this.#all) child.kill('SIGKILL')
  }

  /** Null where the signal fired first. */
  async #run(job: Job, signal: AbortSignal): Promise<Outcome | null> {
    const child = this.#idle.pop() ?? this.#spawn()
    const { limitMs = DEFAULT_LIMIT_MS, fresh = false } = this.#init
    const beganMs = performance.now()
    const ended = await new Promise<Outcome | string | null>(resolve => {
      const timer = setTimeout(() => settle(`the run took longer than ${Math.round(limitMs / 1000)} s`), limitMs)
      const onMessage = (message: unknown) => settle(message as Outcome)
      const onExit = (code: number | null, killer: string | null) =>
        settle(`the process that ran it ended with ${killer ?? `code ${code}`}`)
      const onAbort = () => settle(null)
      const settle = (value: Outcome | string | null) => {
        clearTimeout(timer)
        child.off('message', onMessage).off('exit', onExit)
        signal.removeEventListener('abort', onAbort)
        resolve(value)
      }
      child.on('message', onMessage).on('exit', onExit)
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      else child.send(job)
    })
    const isWhole = ended !== null && typeof ended !== 'string'
    if (isWhole && !fresh && !this.#isClosed) this.#idle.push(child)
    else child.kill('SIGKILL')
    if (typeof ended !== 'string') return ended
    return {
      result: failedResult(job.tier, ended, performance.now() - beganMs),
      reaches: [],
      cpuMs: 0,
      memoryBytes: 0,
    }
  }

  #spawn(): ChildProcess {
    const { harness, execPath = process.execPath, execArgv = [] } = this.#init
    const child = fork(WORKER, [harness.address, ...harness.extensions], {
      execPath,
      execArgv: [...process.execArgv, ...execArgv],
      serialization: 'json',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#all.add(child)
    child.on('exit', () => this.#all.delete(child))
    // A child that cannot be started or spoken to also exits, which ends its job.
    child.on('error', error => child.emit('exit', null, error.message))
    return child
  }
}
