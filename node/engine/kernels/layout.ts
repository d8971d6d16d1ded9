/** Hands out addresses in a kernel memory, once and in order: nothing is freed, so nothing fragments or moves. */

/** A cache line, so that no two regions share one. */
const ALIGNMENT_BYTES = 64

/**
 * Regions of a power of two would map all their values of one index to the same cache set; this shifts each region by
 * another line. Source: Intel 64 and IA-32 Architectures Optimization Reference Manual, "4-KByte aliasing".
 */
const STAGGER_BYTES = 64

/** Below this address stands the data segment of a module that has one; address 0 is never valid. */
const FIRST_ADDRESS = 1024

export class Layout {
  #next = FIRST_ADDRESS

  /** The address of `bytes` bytes, padded so that a whole SIMD vector may be read at their end. */
  take(bytes: number): number {
    const address = this.#next
    this.#next = align(address + bytes) + STAGGER_BYTES
    return address
  }

  /** Bytes that the memory must have. */
  get bytes(): number {
    return this.#next
  }
}

function align(value: number): number {
  return Math.ceil(value / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
}
