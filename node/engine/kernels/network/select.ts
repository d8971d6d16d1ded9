/**
 * A network cut down to what a trimmed mean needs. Only the *set* of the middle values counts, so walking backwards: a
 * comparator is dropped where nothing uses its outputs, or where both only go into the sum; and is halved to a minimum or a
 * maximum where one output is unused.
 */
import type { Comparator } from './comparators.ts'
import { trimNetwork } from './trim.ts'

export interface Step extends Comparator {
  /** Whether the smaller value is needed (stays on wire `low`). */
  readonly minimum: boolean
  /** Whether the larger value is needed (stays on wire `high`). */
  readonly maximum: boolean
}

export interface Selection {
  readonly inputs: number
  readonly steps: readonly Step[]
  /** Wires whose values are averaged. */
  readonly kept: readonly number[]
}

/** What becomes of a wire's value further on. */
type Use = 'none' | 'sum' | 'step'

/**
 * The steps that bring all but the `trim` smallest and `trim` largest of n values onto the kept wires.
 * @throws RangeError where nothing would be left
 */
export function selection(inputs: number, trim: number): Selection {
  if (!Number.isInteger(trim) || trim < 0 || 2 * trim >= inputs) {
    throw new RangeError(`Cannot trim ${trim} values on each side of ${inputs}.`)
  }
  const { comparators, kept } = trimNetwork(inputs, trim)
  const uses: Use[] = Array.from({ length: inputs }, (_, wire) => (kept.includes(wire) ? 'sum' : 'none'))
  const steps: Step[] = []
  for (const { low, high } of comparators.toReversed()) {
    const [minimum, maximum] = [uses[low] !== 'none', uses[high] !== 'none']
    if (!minimum && !maximum) continue
    if (uses[low] === 'sum' && uses[high] === 'sum') continue
    steps.push({ low, high, minimum, maximum })
    uses[low] = uses[high] = 'step'
  }
  return { inputs, steps: steps.reverse(), kept }
}
