/** Keeps one trouble from filling the screen: sentences that differ only in numbers and peers are one kind of news. */
import { shortSentence } from './text.ts'

/** A kind that was shown is held back for this long; what came meanwhile is counted. */
const QUIET_MS = 30_000
/** Kinds remembered; the one that was shown longest ago is forgotten first. */
const MAX_KINDS = 64

interface Kind {
  shownMs: number
  held: number
}

export class Repeats {
  readonly #kinds = new Map<string, Kind>()

  /** The sentence as it is to be shown now, or null while others of its kind have just been shown. */
  admit(sentence: string, nowMs: number): string | null {
    const text = shortSentence(sentence)
    // Two addresses, two rounds or two peers make no new kind.
    const key = sentence.replace(/\b12D3KooW\w+/g, '').replace(/[0-9]+/g, '')
    const known = this.#kinds.get(key)
    if (known !== undefined && nowMs - known.shownMs < QUIET_MS) {
      known.held++
      return null
    }
    this.#kinds.delete(key)
    this.#kinds.set(key, { shownMs: nowMs, held: 0 })
    const oldest = this.#kinds.keys().next().value
    if (this.#kinds.size > MAX_KINDS && oldest !== undefined) this.#kinds.delete(oldest)
    return known === undefined || known.held === 0 ? text : `${text} (and ${known.held} more like it before)`
  }
}
