/**
 * Cuts a row of costs into contiguous parts so that the most expensive part is as cheap as possible (the linear partition
 * problem, by dynamic programming: Skiena, The Algorithm Design Manual, section 10.7). The slowest stage sets the pace of a
 * pipeline, so the maximum is what counts. Ties go to the earliest cut, so that every peer finds the same one.
 */
export class PartitionError extends RangeError {
  override readonly name = 'PartitionError'
}

/**
 * @param cost price of the part [from, to); it must not fall when a part grows
 * @returns the `parts + 1` bounds: 0, the cuts, `items`
 */
export function balance(items: number, parts: number, cost: (from: number, to: number) => number): number[] {
  let best = Array.from({ length: items + 1 }, (_, to) => (to === 0 ? Number.POSITIVE_INFINITY : cost(0, to)))
  const cuts: Int32Array[] = []
  for (let part = 2; part <= parts; part++) {
    const next = new Array<number>(items + 1).fill(Number.POSITIVE_INFINITY)
    const cut = new Int32Array(items + 1)
    for (let to = part; to <= items; to++) {
      for (let from = part - 1; from < to; from++) {
        const worst = Math.max(best[from]!, cost(from, to))
        if (worst < next[to]!) {
          next[to] = worst
          cut[to] = from
        }
      }
    }
    cuts.push(cut)
    best = next
  }
  const bounds = [items]
  for (const cut of cuts.reverse()) bounds.unshift(cut[bounds[0]!]!)
  return [0, ...bounds]
}
