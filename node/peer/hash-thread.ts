/**
 * Hashes what comes in bulk, such as the state that a newcomer fetches, in a thread of its own: SHA-256 took a quarter of
 * the main thread's time in such a transfer. Bytes are handed to it and back without a copy. It is there only while much comes.
 */
import { hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { Digest, Hashed } from '../../protocols/wire/environment.ts'
import { digestOf } from './digest.ts'

/** Shorter ones are hashed on the spot: handing them over takes 0.05 ms, as long as 64 KiB. */
const APART_MIN_BYTES = 256 * 1024
/** What comes without a pause of {@link IDLE_MS} before a thread is started: less is over before one runs, and a thread holds 8 MB. */
const START_BYTES = 16 * 1024 * 1024
/** Without anything to hash after which the thread ends, ms. */
const IDLE_MS = 5_000

/** So short that it needs no bundle to be found: it is the same for a source file and a program in `dist`. */
const PROGRAM = `
const { parentPort } = require('node:worker_threads')
const { hash } = require('node:crypto')
parentPort.on('message', ({ id, bytes }) => {
  parentPort.postMessage({ id, bytes, hash: hash('sha256', bytes, 'buffer') }, [bytes.buffer])
})`

interface Waiting {
  resolve(hashed: Hashed): void
  reject(error: Error): void
}

export interface HashThreadInit {
  readonly idleMs?: number
  /** Other than the real one, for tests. */
  readonly program?: string
}

export class HashThread {
  readonly #init: Required<HashThreadInit>
  #worker: Worker | null = null
  /** A thread that ended by itself is not started again. */
  #isBroken = false
  #nextId = 0
  #busyBytes = 0
  #endIdle: NodeJS.Timeout | null = null
  readonly #waiting = new Map<number, Waiting>()

  constructor({ idleMs = IDLE_MS, program = PROGRAM }: HashThreadInit = {}) {
    this.#init = { idleMs, program }
  }

  /** {@link digestOf}, and its way with bytes that are handed over. */
  readonly digest: Digest = Object.assign(digestOf.bind(null), {
    owned: (bytes: Uint8Array, options?: { signal?: AbortSignal }) => this.#owned(bytes, options?.signal),
  })

  /** Whether the thread is there. */
  get isRunning(): boolean {
    return this.#worker !== null
  }

  /** Ends the thread; who still waits is told. */
  async close(): Promise<void> {
    if (this.#endIdle !== null) clearTimeout(this.#endIdle)
    this.#endIdle = null
    this.#busyBytes = 0
    const worker = this.#worker
    this.#worker = null
    this.#fail(new Error('hashing was ended'))
    await worker?.terminate()
  }

  async #owned(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Hashed> {
    signal?.throwIfAborted()
    this.#busyBytes += bytes.byteLength
    this.#endIdle ??= setTimeout(() => this.#endUnlessBusy(), this.#init.idleMs).unref()
    this.#endIdle.refresh()
    const isApart = bytes.byteLength >= APART_MIN_BYTES && this.#busyBytes > START_BYTES && !this.#isBroken
    return isApart ? this.#apart(bytes) : { bytes, hash: new Uint8Array(hash('sha256', bytes, 'buffer')) }
  }

  #endUnlessBusy(): void {
    if (this.#waiting.size > 0) this.#endIdle?.refresh()
    else void this.close()
  }

  #apart(bytes: Uint8Array): Promise<Hashed> {
    const worker = (this.#worker ??= this.#start())
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      // Before it is noted: where the bytes cannot be handed over, this throws.
      worker.postMessage({ id, bytes }, [bytes.buffer as ArrayBuffer])
      this.#waiting.set(id, { resolve, reject })
    })
  }

  #start(): Worker {
    const worker = new Worker(this.#init.program, { eval: true })
    worker.unref()
    worker.on('message', ({ id, ...hashed }: Hashed & { id: number }) => {
      this.#waiting.get(id)?.resolve(hashed)
      this.#waiting.delete(id)
    })
    // Its own error is an exit too.
    worker.on('error', () => undefined)
    worker.on('exit', code => {
      if (this.#worker !== worker) return
      this.#worker = null
      this.#isBroken = true
      this.#fail(new Error(`the hashing thread ended (exit code ${code})`))
    })
    return worker
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
