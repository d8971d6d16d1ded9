/** Virtual time: callbacks in order of their time, those of one time in the order in which they were asked for. */

interface Entry {
  /** Microseconds, whole: sums of fractions would depend on their order. */
  readonly atUs: number
  readonly order: number
  readonly run: () => void
}

const US_PER_MS = 1_000

export class Timeline {
  /** A binary heap: children of i at 2i + 1 and 2i + 2. */
  readonly #heap: Entry[] = []
  #order = 0
  #nowUs = 0
  #stopped = false

  get nowMs(): number {
    return this.#nowUs / US_PER_MS
  }

  /** Callbacks that are due some time. */
  get pending(): number {
    return this.#heap.length
  }

  /** Never early: a timer that came before its time would be set again for ever. */
  after(delayMs: number, run: () => void): void {
    const atUs = this.#nowUs + Math.max(0, Math.ceil(delayMs * US_PER_MS))
    this.#push({ atUs, order: this.#order++, run })
  }

  at(atMs: number, run: () => void): void {
    this.after(atMs - this.nowMs, run)
  }

  /** Ends `run` after the callback that is running. */
  stop(): void {
    this.#stopped = true
  }

  /** Runs until nothing is due, `limitMs` is over or somebody stops it. */
  run(limitMs: number): 'stopped' | 'limit' | 'empty' {
    this.#stopped = false
    const limitUs = limitMs * US_PER_MS
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined) return 'empty'
      if (next.atUs > limitUs) {
        this.#nowUs = Math.max(this.#nowUs, limitUs)
        return 'limit'
      }
      this.#pop()
      this.#nowUs = next.atUs
      next.run()
      if (this.#stopped) return 'stopped'
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap
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

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    const { length } = heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order)
}
