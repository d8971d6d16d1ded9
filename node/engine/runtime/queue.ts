/** A bounded queue with priorities; first in, first out among equals. */
export class PriorityQueue<Item> {
  readonly #limit: number
  readonly #lists: Item[][]
  #size = 0

  constructor(priorities: number, limit: number) {
    this.#limit = limit
    this.#lists = Array.from({ length: priorities }, () => [])
  }

  get size(): number {
    return this.#size
  }

  /** False where the queue is full. */
  push(priority: number, item: Item): boolean {
    const list = this.#lists[priority]
    if (list === undefined) throw new RangeError(`No priority ${priority}.`)
    if (this.#size >= this.#limit) return false
    list.push(item)
    this.#size++
    return true
  }

  /** The oldest item of the lowest priority number. */
  shift(): Item | undefined {
    for (const list of this.#lists) {
      const item = list.shift()
      if (item === undefined) continue
      this.#size--
      return item
    }
    return undefined
  }

  /** False where the item is not queued (any more). */
  remove(item: Item): boolean {
    for (const list of this.#lists) {
      const index = list.indexOf(item)
      if (index < 0) continue
      list.splice(index, 1)
      this.#size--
      return true
    }
    return false
  }
}
