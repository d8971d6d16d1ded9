/**
 * One direction of a proxied connection. What goes in comes out in order and late; while the link is cut nothing does, not
 * even the connection's end: the other side is not told that this one is gone.
 */
import type { Socket } from 'node:net'
import type { Links } from './links.ts'

/** Bytes on their way beyond which the sender is held back: half a second of 100 Mbit/s, as its kernel would hold. */
const WINDOW_BYTES = 6 * 1024 * 1024
/** Timers are no finer. */
const NOW_MS = 0.5

type Item = { readonly dueMs: number } & ({ readonly bytes: Buffer } | { readonly end: 'closed' | 'reset' })

export interface PipeInit {
  readonly source: Socket
  readonly sink: Socket
  readonly from: number
  readonly to: number
  readonly links: Links
}

export class Pipe {
  readonly #init: PipeInit
  readonly #queue: Item[] = []
  readonly #unwatch: () => void
  #queuedBytes = 0
  #lastDueMs = 0
  #timer: NodeJS.Timeout | null = null
  #blocked = false
  #ended = false

  constructor(init: PipeInit) {
    this.#init = init
    this.#unwatch = init.links.watch(() => this.#flush())
    const { source, sink } = init
    source.on('data', bytes => this.#take(bytes))
    source.on('end', () => this.#finish('closed'))
    source.on('close', () => this.#finish('reset'))
    sink.on('drain', () => {
      this.#blocked = false
      this.#flush()
    })
    sink.on('close', () => this.#dispose())
  }

  #take(bytes: Buffer): void {
    const { source, from, to, links } = this.#init
    this.#queuedBytes += bytes.length
    this.#put({ dueMs: links.arrivalMs(from, to, bytes.length, performance.now()), bytes })
    if (this.#queuedBytes > WINDOW_BYTES) source.pause()
  }

  #finish(end: 'closed' | 'reset'): void {
    if (this.#ended) return
    this.#ended = true
    const { from, to, links } = this.#init
    this.#put({ dueMs: links.arrivalMs(from, to, 0, performance.now()), end })
  }

  #put(item: Item): void {
    // Jitter must not make a byte overtake another.
    this.#lastDueMs = Math.max(this.#lastDueMs, item.dueMs)
    this.#queue.push({ ...item, dueMs: this.#lastDueMs })
    this.#flush()
  }

  #flush(): void {
    const { source, sink, from, to, links } = this.#init
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (let item = this.#queue[0]; item !== undefined && !this.#blocked; item = this.#queue[0]) {
      if (links.isCut(from, to)) return
      const waitMs = item.dueMs - performance.now()
      if (waitMs > NOW_MS) {
        this.#timer = setTimeout(() => this.#flush(), waitMs)
        return
      }
      this.#queue.shift()
      if ('bytes' in item) {
        this.#queuedBytes -= item.bytes.length
        this.#blocked = !sink.write(item.bytes)
      } else if (item.end === 'closed') sink.end()
      else sink.resetAndDestroy()
    }
    if (this.#queuedBytes <= WINDOW_BYTES / 2) source.resume()
  }

  #dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#unwatch()
    this.#queue.length = 0
    this.#queuedBytes = 0
    this.#ended = true
  }
}
