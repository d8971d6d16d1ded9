/**
 * Where a run's events go: into the hash, to whoever listens, and to the checkers. Messages are too many to be hashed one by
 * one: they are folded into two words, which are hashed at the end.
 */
import { createHash } from 'node:crypto'
import type { SimEvent } from './types.ts'

/** Version of the events' layout: traces of another one are not compared. */
export const TRACE_VERSION = 1

export class Recorder {
  readonly #hash = createHash('sha256')
  readonly #listeners: ((event: SimEvent) => void)[] = []
  readonly #reached = new Map<string, number>()
  readonly #nowMs: () => number
  #low = 0x811c9dc5
  #high = 0x1b873593
  #lines = ''

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#lines = `trace ${TRACE_VERSION}\n`
  }

  listen(listener: (event: SimEvent) => void): void {
    this.#listeners.push(listener)
  }

  emit(event: SimEvent): void {
    this.#lines += `${JSON.stringify(event)}\n`
    if (this.#lines.length > FLUSH_CHARACTERS) this.#flush()
    for (const listener of this.#listeners) listener(event)
  }

  /** A state that simulations should reach sometimes. */
  reached(state: string, peer?: number): void {
    this.#reached.set(state, (this.#reached.get(state) ?? 0) + 1)
    this.emit({ type: 'reached', atMs: this.#nowMs(), state, ...(peer === undefined ? {} : { peer }) })
  }

  /** Who was sent how much, and when it arrives. */
  fold(from: number, to: number, bytes: number, arrivalMs: number | null): void {
    this.#low = Math.imul(this.#low ^ (from * 65_537 + to), 0x01000193) ^ bytes
    const arrivalUs = arrivalMs === null ? -1 : Math.round(arrivalMs * 1000)
    this.#high = Math.imul(this.#high ^ (arrivalUs | 0), 0x01000193) + this.#low
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#reached].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Hex; nothing may be emitted after it. */
  finish(): string {
    this.#lines += `messages ${this.#low >>> 0} ${this.#high >>> 0}\n`
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#lines)
    this.#lines = ''
  }
}

const FLUSH_CHARACTERS = 16_384
