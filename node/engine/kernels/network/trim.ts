/**
 * Networks that take the `trim` smallest and the `trim` largest of n values away, without sorting all of them. Two halves are
 * sorted, x and y. Of two sorted lists the t smallest values together are min(x[i], y[t - 1 - i]) for i < t (the first step of
 * Batcher's bitonic merge, 1968), so t comparators take them away, and t more the largest. This is valid while no pair of the
 * first kind has both of its values among the t largest of their half: 3 t <= n.
 */
import { type Comparator, mergeExchange } from './comparators.ts'

export interface Network {
  readonly comparators: readonly Comparator[]
  /** Wires on which the middle values end, in no order. */
  readonly kept: readonly number[]
}

/** Operations for 8 inputs without 2 on each side: 24, where a sorting network cut to size needs 32; for 16 and 5: 86 and 94. */
export function trimNetwork(inputs: number, trim: number): Network {
  return trim > 0 && 3 * trim <= inputs ? cancelHalves(inputs, trim) : sortWhole(inputs, trim)
}

function sortWhole(inputs: number, trim: number): Network {
  const kept = Array.from({ length: inputs - 2 * trim }, (_, k) => trim + k)
  return { comparators: mergeExchange(inputs), kept }
}

function cancelHalves(inputs: number, trim: number): Network {
  const half = Math.floor(inputs / 2)
  const rest = inputs - half
  const comparators = [
    ...mergeExchange(half),
    ...mergeExchange(rest).map(({ low, high }) => pair(low + half, high + half)),
  ]
  const isGone = new Set<number>()
  for (let i = 0; i < trim; i++) {
    const [x, y] = [i, half + trim - 1 - i]
    // The larger one stays where the second loop will look for whichever of the two is among the largest of its half.
    const [gone, stays] = x >= half - trim ? [y, x] : [x, y]
    comparators.push(pair(gone, stays))
    isGone.add(gone)
  }
  for (let i = 0; i < trim; i++) {
    const [x, y] = [half - trim + i, inputs - 1 - i]
    comparators.push(pair(x, y))
    isGone.add(y)
  }
  const kept = Array.from({ length: inputs }, (_, wire) => wire).filter(wire => !isGone.has(wire))
  return { comparators, kept }
}

function pair(low: number, high: number): Comparator {
  return { low, high }
}
