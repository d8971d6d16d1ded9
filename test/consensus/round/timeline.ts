/** Virtual time: events in order of time, then of scheduling. A binary heap. */
interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class Timeline {
  nowMs = 0
  #order = 0
  readonly #heap: Event[] = []

  after(delayMs: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ atMs: this.nowMs + delayMs, order: this.#order++, run })
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!before(heap[i]!, heap[parent]!)) break
      swap(heap, i, parent)
      i = parent
    }
  }

  /** Runs events until `until` says stop or the time is over; false where nothing is left before the end. */
  run(endMs: number, until: () => boolean): boolean {
    while (!until()) {
      const event = this.#pop(endMs)
      if (event === undefined) return false
      this.nowMs = event.atMs
      event.run()
    }
    return true
  }

  #pop(endMs: number): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.atMs > endMs) return undefined
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      for (let i = 0; ; ) {
        let least = i
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child
        }
        if (least === i) break
        swap(heap, i, least)
        i = least
      }
    }
    return first
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

function swap(heap: Event[], a: number, b: number): void {
  const held = heap[a]!
  heap[a] = heap[b]!
  heap[b] = held
}
