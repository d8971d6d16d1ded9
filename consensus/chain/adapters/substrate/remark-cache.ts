/** Remarks of finalised blocks, by height: what is final does not change. Bounded by blocks and bytes; the first read go first. */
import { MAX_CACHED_REMARK_BLOCKS, MAX_CACHED_REMARK_BYTES } from './constants.ts'

/** A remark that was executed. */
export interface Remark {
  /** SS58, prefix 42. */
  readonly account: string
  readonly bytes: Uint8Array
}

export class RemarkCache {
  readonly #maxBlocks: number
  readonly #maxBytes: number
  /** In the order of a block. */
  readonly #remarks = new Map<number, readonly Remark[]>()
  #bytes = 0

  constructor(maxBlocks = MAX_CACHED_REMARK_BLOCKS, maxBytes = MAX_CACHED_REMARK_BYTES) {
    this.#maxBlocks = maxBlocks
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  get(height: number): readonly Remark[] | undefined {
    return this.#remarks.get(height)
  }

  set(height: number, remarks: readonly Remark[]): void {
    this.#delete(height)
    this.#remarks.set(height, remarks)
    this.#bytes += bytesOf(remarks)
    for (const oldest of this.#remarks.keys()) {
      if (this.#remarks.size <= this.#maxBlocks && this.#bytes <= this.#maxBytes) break
      this.#delete(oldest)
    }
  }

  #delete(height: number): void {
    const remarks = this.#remarks.get(height)
    if (remarks === undefined) return
    this.#remarks.delete(height)
    this.#bytes -= bytesOf(remarks)
  }
}

function bytesOf(remarks: readonly Remark[]): number {
  return remarks.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
