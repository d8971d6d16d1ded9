/** Who waits for an aggregate that its first candidate sends unasked (node/peer/pushed-aggregates). */
import { hashHex } from '../../protocols/wire/hash.ts'
import type { Hash } from '../../protocols/wire/messages.ts'

/** Aggregates that are waited for at a time; beyond it nobody is told, and pulls after a while. */
const MAX_AWAITED = 256

export class Pushes {
  readonly #waiting = new Map<string, (() => void)[]>()

  await(hash: Hash, resume: () => void): void {
    const key = hashHex(hash)
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resume])
    if (this.#waiting.size > MAX_AWAITED) this.#waiting.clear()
  }

  arrived(hash: Hash): void {
    const key = hashHex(hash)
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    for (const resume of waiting) resume()
  }

  clear(): void {
    this.#waiting.clear()
  }
}
