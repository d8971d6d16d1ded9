/** Bodies that are arriving in chunks: bounded in number, bytes and time. */
import type { CancelTimer, Clock } from '../environment.ts'
import { type Refusal, refuse } from '../refusals.ts'
import type { ByteBudget } from './limiter.ts'

interface Assembly {
  readonly bytes: number
  /** Null until the first chunk; a body of one chunk is never copied. */
  buffer: Uint8Array | null
  filled: number
  readonly cancelTimer: CancelTimer
  onComplete(body: Uint8Array): void
}

export interface AssembliesInit {
  readonly clock: Clock
  readonly budget: ByteBudget
  readonly timeoutMs: number
  /** A body did not arrive in time. */
  onTimeout(): void
}

/** The bytes of a body stay taken from the budget until `release`. */
export class Assemblies {
  readonly #init: AssembliesInit
  readonly #open = new Map<string, Assembly>()

  constructor(init: AssembliesInit) {
    this.#init = init
  }

  get size(): number {
    return this.#open.size
  }

  /** False where the budget does not allow it; the chunks are then ignored. */
  begin(key: string, bytes: number, onComplete: (body: Uint8Array) => void): boolean {
    const { budget, clock, timeoutMs, onTimeout } = this.#init
    if (!budget.take(bytes)) return false
    this.#open.set(key, { bytes, buffer: null, filled: 0, onComplete, cancelTimer: clock.after(timeoutMs, onTimeout) })
    return true
  }

  /** Adds a chunk; those of bodies that were not begun or were dropped are ignored. A refusal breaks the protocol. */
  add(key: string, chunk: Uint8Array): Refusal | null {
    const assembly = this.#open.get(key)
    if (assembly === undefined) return null
    if (chunk.byteLength === 0) return refuse('bad-encoding', 'an empty chunk')
    if (assembly.filled + chunk.byteLength > assembly.bytes) return refuse('too-large', 'a body longer than announced')
    if (assembly.buffer === null && chunk.byteLength === assembly.bytes) {
      assembly.buffer = chunk
    } else {
      assembly.buffer ??= new Uint8Array(assembly.bytes)
      assembly.buffer.set(chunk, assembly.filled)
    }
    assembly.filled += chunk.byteLength
    if (assembly.filled < assembly.bytes) return null
    this.#open.delete(key)
    assembly.cancelTimer()
    assembly.onComplete(assembly.buffer)
    return null
  }

  /** Forgets a body that is still arriving. */
  drop(key: string): void {
    const assembly = this.#open.get(key)
    if (assembly === undefined) return
    this.#open.delete(key)
    assembly.cancelTimer()
    this.#init.budget.give(assembly.bytes)
  }

  dropAll(): void {
    for (const key of [...this.#open.keys()]) this.drop(key)
  }

  /** Gives back the bytes of a complete body once nobody holds it. */
  release(bytes: number): void {
    this.#init.budget.give(bytes)
  }
}
