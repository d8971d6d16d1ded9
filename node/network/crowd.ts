/**
 * Bounds how many of a kind are there at a time, fairly among the hosts that they come from. Where one is too many, the oldest of the host
 * that has most goes: whoever fills the room loses its own. Among those of one host nobody goes that came a moment ago, or a flood would let
 * nobody stay for as long as it takes to be done; the last that came goes then.
 */
export interface CrowdInit {
  readonly max: number
  /** Who is younger makes no room for another of its host, ms. */
  readonly staysMs: number
  readonly nowMs: () => number
}

interface Place {
  readonly host: string
  readonly sinceMs: number
}

export class Crowd<T> {
  readonly #init: CrowdInit
  /** In the order in which they came. */
  readonly #members = new Map<T, Place>()
  readonly #counts = new Map<string, number>()

  constructor(init: CrowdInit) {
    this.#init = init
  }

  get size(): number {
    return this.#members.size
  }

  /** Those that are in, the oldest first. */
  members(): Iterable<T> {
    return this.#members.keys()
  }

  /** How many of a host are in. */
  countOf(host: string): number {
    return this.#counts.get(host) ?? 0
  }

  /** Lets one in, and returns who has to go for it, itself perhaps; null where there is room. */
  add(member: T, host: string): T | null {
    this.remove(member)
    const sinceMs = this.#init.nowMs()
    this.#members.set(member, { host, sinceMs })
    this.#counts.set(host, this.countOf(host) + 1)
    if (this.#members.size <= this.#init.max) return null
    const largest = this.#largest()
    const oldest = this.#oldestOf(largest)
    const isYoung = largest === host && oldest !== null && sinceMs - oldest.sinceMs < this.#init.staysMs
    const leaving = isYoung ? member : (oldest?.member ?? member)
    this.remove(leaving)
    return leaving
  }

  remove(member: T): void {
    const place = this.#members.get(member)
    if (place === undefined) return
    this.#members.delete(member)
    const left = (this.#counts.get(place.host) ?? 1) - 1
    if (left === 0) this.#counts.delete(place.host)
    else this.#counts.set(place.host, left)
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

  #oldestOf(host: string): { readonly member: T; readonly sinceMs: number } | null {
    for (const [member, place] of this.#members) if (place.host === host) return { member, sinceMs: place.sinceMs }
    return null
  }
}
