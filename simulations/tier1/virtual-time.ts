/**
 * Virtual time: a heap of callbacks, and a loop that fires the earliest once everything that the one before set off has come
 * to rest: a tick that a promise asks for runs after all pending promises. So what happens between two callbacks is the same
 * in every run, as long as nobody waits for the real machine.
 */

/** Who a callback belongs to: it decides, when the time has come, whether the callback may run. */
export interface Owner {
  /** Runs the callback, keeps it for later, or drops it. */
  fire(callback: () => void): void
}

/** Returned by {@link VirtualTime.at}; calling it twice is harmless. */
export type Cancel = () => void

interface Entry {
  readonly atMs: number
  readonly order: number
  readonly owner: Owner | null
  callback: (() => void) | null
}

const US_PER_MS = 1_000

/** Captured before anything is replaced (ambient.ts). */
const realImmediate = setImmediate
/** So many callbacks a turn of the real event loop, which costs more than a tick and which only others wait for. */
const FIRES_A_TURN = 64

/** Resolves once all promises, and ticks of others with theirs, have come to rest. */
function rest(): Promise<void> {
  return new Promise(resolve => {
    const again = (): void => process.nextTick(resolve)
    const tick = (): void => void SETTLED.then(again)
    SETTLED.then(() => process.nextTick(tick))
  })
}

/** Its reactions are microtasks as those of `queueMicrotask`, which makes an asynchronous resource of each. */
const SETTLED = Promise.resolve()

function turn(): Promise<void> {
  return new Promise(resolve => realImmediate(resolve))
}

export class VirtualTime {
  #nowMs = 0
  #order = 0
  #heap: Entry[] = []
  /** Due now, in order: `setImmediate` and what is asked for without a delay. */
  #soon: Entry[] = []
  #cancelled = 0
  #fired = 0

  get nowMs(): number {
    return this.#nowMs
  }

  /** Callbacks fired so far. */
  get fired(): number {
    return this.#fired
  }

  /** Calls back at a time; a time that is past counts as now. */
  at(atMs: number, callback: () => void, owner: Owner | null = null): Cancel {
    // Whole microseconds: sums of fractions would depend on their order. Never early: who was early would wait again, for nothing.
    const dueMs = Math.ceil(Math.max(atMs, this.#nowMs) * US_PER_MS) / US_PER_MS
    const entry: Entry = { atMs: dueMs, order: this.#order++, owner, callback }
    push(this.#heap, entry)
    return () => this.#cancel(entry)
  }

  after(delayMs: number, callback: () => void, owner: Owner | null = null): Cancel {
    return this.at(this.#nowMs + Math.max(0, delayMs), callback, owner)
  }

  /** Calls back before any later time, after all that is asked for already. */
  soon(callback: () => void, owner: Owner | null = null): Cancel {
    const entry: Entry = { atMs: this.#nowMs, order: this.#order++, owner, callback }
    this.#soon.push(entry)
    return () => {
      entry.callback = null
    }
  }

  /** Fires callbacks until `isOver`, or until nothing waits, or the time is `limitMs`. */
  async run(isOver: () => boolean, limitMs: number): Promise<void> {
    for (;;) {
      await (this.#fired % FIRES_A_TURN === 0 ? turn() : rest())
      if (isOver()) return
      const entry = this.#next(limitMs)
      if (entry === null) {
        this.#nowMs = Math.max(this.#nowMs, limitMs)
        return
      }
      this.#fire(entry)
    }
  }

  #next(limitMs: number): Entry | null {
    const soon = this.#soon.shift()
    if (soon !== undefined) return soon
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined || first.atMs > limitMs) return null
      pop(this.#heap)
      if (first.callback !== null) return first
      this.#cancelled--
    }
  }

  #fire(entry: Entry): void {
    const { callback } = entry
    this.#nowMs = Math.max(this.#nowMs, entry.atMs)
    entry.callback = null
    if (callback === null) return
    this.#fired++
    if (entry.owner === null) callback()
    else entry.owner.fire(callback)
  }

  #cancel(entry: Entry): void {
    if (entry.callback === null) return
    entry.callback = null
    this.#cancelled++
    // Cancelled timeouts would else stay until their time comes, with all that they hold.
    if (this.#cancelled > 1024 && this.#cancelled > this.#heap.length / 2) this.#compact()
  }

  #compact(): void {
    const live = this.#heap.filter(entry => entry.callback !== null)
    this.#heap = []
    for (const entry of live) push(this.#heap, entry)
    this.#cancelled = 0
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above]!
    if (isBefore(parent, entry)) break
    heap[at] = parent
    at = above
  }
  heap[at] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
    const child = heap[below]!
    if (isBefore(last, child)) break
    heap[at] = child
    at = below
  }
  heap[at] = last
}
