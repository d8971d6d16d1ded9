/**
 * Remembers verified envelopes, so that a polka or certificate that carries votes seen before costs no second signature
 * check (160 us each). Least recently used ones go first; entries and bytes are bounded.
 */
import { equalBytes, keyOf } from './hash.ts'
import type { Signed } from './messages.ts'

export interface EnvelopeCacheLimits {
  readonly entries: number
  readonly bytes: number
}

export class EnvelopeCache {
  readonly #limits: EnvelopeCacheLimits
  /** By signature, oldest first. The whole envelope is compared on a hit, so no hash is needed. */
  readonly #verified = new Map<string, Signed>()
  #bytes = 0

  constructor(limits: EnvelopeCacheLimits) {
    this.#limits = limits
  }

  get entries(): number {
    return this.#verified.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(signature: Uint8Array, envelope: Uint8Array): Signed | null {
    const key = keyOf(signature)
    const found = this.#verified.get(key)
    if (found === undefined || !equalBytes(found.envelope, envelope)) return null
    this.#verified.delete(key)
    this.#verified.set(key, found)
    return found
  }

  add(signature: Uint8Array, signed: Signed): void {
    if (signed.envelope.byteLength > this.#limits.bytes) return
    this.#remove(keyOf(signature))
    this.#verified.set(keyOf(signature), signed)
    this.#bytes += signed.envelope.byteLength
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break
      this.#remove(oldest)
    }
  }

  clear(): void {
    this.#verified.clear()
    this.#bytes = 0
  }

  #remove(key: string): void {
    this.#bytes -= this.#verified.get(key)?.envelope.byteLength ?? 0
    this.#verified.delete(key)
  }
}
