/**
 * Bounds how many of a kind are there at a time, fairly among the hosts that they come from: where one is too many, the oldest of the
 * host that has most goes. So whoever fills the room loses its own, and somebody else always gets in.
 */
export class Crowd<T> {
  readonly #max: number
  /** In the order in which they came. */
  readonly #members = new Map<T, string>()
  readonly #counts = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#members.size
  }

  /** Lets one in, and returns who has to go for it; null where there is room. */
  add(member: T, host: string): T | null {
    this.remove(member)
    this.#members.set(member, host)
    this.#counts.set(host, (this.#counts.get(host) ?? 0) + 1)
    if (this.#members.size <= this.#max) return null
    const leaving = this.#oldestOf(this.#largest())
    if (leaving !== null) this.remove(leaving)
    return leaving
  }

  remove(member: T): void {
    const host = this.#members.get(member)
    if (host === undefined) return
    this.#members.delete(member)
    const left = (this.#counts.get(host) ?? 1) - 1
    if (left === 0) this.#counts.delete(host)
    else this.#counts.set(host, left)
  }

  #largest(): string {
    let largest = ''
    let most = 0
    for (const [host, count] of this.#counts) {
      if (count <= most) continue
      largest = host
      most = count
    }
    return largest
  }

  #oldestOf(host: string): T | null {
    for (const [member, of] of this.#members) if (of === host) return member
    return null
  }
}
