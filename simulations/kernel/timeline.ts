/** Virtual time: callbacks in order of their time, those of one time in the order in which they were asked for. */

const US_PER_MS = 1_000

/** Children of i in the heap: 4 i + 1 to 4 i + 4. */
const CHILDREN = 4
const INITIAL_ENTRIES = 1_024

/** What is to happen then, unless it is cancelled: the entry stays until its time, and keeps nothing else alive. */
export class Alarm {
  #run: (() => void) | null

  constructor(run: () => void) {
    this.#run = run
  }

  ring(): void {
    const run = this.#run
    this.#run = null
    run?.()
  }

  cancel(): void {
    this.#run = null
  }
}

export class Timeline {
  /**
   * A heap in columns, which saves an object for each of millions of entries. Times are microseconds, whole: sums of
   * fractions would depend on their order.
   */
  #atUs = new Float64Array(INITIAL_ENTRIES)
  #orders = new Float64Array(INITIAL_ENTRIES)
  readonly #runs: Due[] = []
  #order = 0
  #nowUs = 0
  #stopped = false

  get nowMs(): number {
    return this.#nowUs / US_PER_MS
  }

  /** Callbacks that are due some time. */
  get pending(): number {
    return this.#runs.length
  }

  /** Never early: a timer that came before its time would be set again for ever. */
  after(delayMs: number, run: Due): void {
    const atUs = this.#nowUs + Math.max(0, Math.ceil(delayMs * US_PER_MS))
    this.#push(atUs, this.#order++, run)
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
      if (this.#runs.length === 0) return 'empty'
      const atUs = this.#atUs[0]!
      if (atUs > limitUs) {
        this.#nowUs = Math.max(this.#nowUs, limitUs)
        return 'limit'
      }
      const next = this.#pop()
      this.#nowUs = atUs
      if (typeof next === 'function') next()
      else next.ring()
      if (this.#stopped) return 'stopped'
    }
  }

  #push(atUs: number, order: number, run: Due): void {
    const runs = this.#runs
    let at = runs.length
    runs.push(run)
    if (at >= this.#atUs.length) this.#grow()
    const times = this.#atUs
    const orders = this.#orders
    // What was asked for later comes later: above it stays what has its time.
    while (at > 0) {
      const above = Math.floor((at - 1) / CHILDREN)
      if (times[above]! <= atUs) break
      times[at] = times[above]!
      orders[at] = orders[above]!
      runs[at] = runs[above]!
      at = above
    }
    times[at] = atUs
    orders[at] = order
    runs[at] = run
  }

  /** The first one; there is one. */
  #pop(): Due {
    const runs = this.#runs
    const times = this.#atUs
    const orders = this.#orders
    const first = runs[0]!
    const last = runs.pop()!
    const { length } = runs
    if (length === 0) return first
    const lastUs = times[length]!
    const lastOrder = orders[length]!
    let at = 0
    for (;;) {
      const from = CHILDREN * at + 1
      if (from >= length) break
      const end = Math.min(from + CHILDREN, length)
      let least = from
      for (let child = from + 1; child < end; child++) {
        const difference = times[child]! - times[least]!
        if (difference < 0 || (difference === 0 && orders[child]! < orders[least]!)) least = child
      }
      const difference = times[least]! - lastUs
      if (difference > 0 || (difference === 0 && orders[least]! > lastOrder)) break
      times[at] = times[least]!
      orders[at] = orders[least]!
      runs[at] = runs[least]!
      at = least
    }
    times[at] = lastUs
    orders[at] = lastOrder
    runs[at] = last
    return first
  }

  #grow(): void {
    const [times, orders] = [this.#atUs, this.#orders]
    this.#atUs = new Float64Array(2 * times.length)
    this.#orders = new Float64Array(2 * orders.length)
    this.#atUs.set(times)
    this.#orders.set(orders)
  }
}

type Due = (() => void) | Alarm

/** What the models need of a timeline; tier 1 has one of its own. */
export type Time = Pick<Timeline, 'nowMs' | 'after' | 'at'>
