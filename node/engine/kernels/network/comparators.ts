/**
 * Sorting networks for any number of inputs: Batcher's merge exchange (Knuth, The Art of Computer Programming 3, section
 * 5.2.2, Algorithm M). 19 comparators for 8 inputs (the least possible), 63 for 16 (60), 543 for 64 (521). Tables of the
 * shortest networks known would save under 5 %, on a kernel that waits for memory.
 */

/** Puts the smaller of wires `low` and `high` on `low`. */
export interface Comparator {
  readonly low: number
  readonly high: number
}

/** A network that sorts n inputs upwards. */
export function mergeExchange(n: number): Comparator[] {
  const network: Comparator[] = []
  const top = 2 ** Math.max(0, Math.ceil(Math.log2(n)) - 1)
  for (let p = top; p >= 1; p /= 2) {
    let q = top
    let r = 0
    let distance = p
    for (;;) {
      for (let i = 0; i < n - distance; i++) {
        if ((i & p) === r) network.push({ low: i, high: i + distance })
      }
      if (q === p) break
      distance = q - p
      q /= 2
      r = p
    }
  }
  return network
}
