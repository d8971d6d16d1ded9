/** A rule that combines n gradient partitions into one, coordinate by coordinate. The kernels are in `node/engine/kernels`. */
import type { AggregationConfig } from '../../protocols/wire/manifest.ts'

export type RuleName = AggregationConfig['rule']

export interface AggregationRule {
  readonly name: RuleName
  /** What it tolerates, for the log and the documentation. */
  readonly summary: string
  /** Fewest inputs that the rule is defined for with f liars among them. */
  minimumInputs(faults: number): number
  /** How many of n sorted values are dropped at each end of a coordinate. */
  trimCount(inputs: number, faults: number): number
  /** How many of n values of a coordinate the result is the mean of. */
  keptCount(inputs: number, faults: number): number
  /** Largest number of arbitrary inputs among n under which every coordinate stays between honest values. */
  breakdown(inputs: number): number
  /** Per-partition n x n sums that the rule needs first (Krum, NNM, clipping); null where each coordinate stands alone. */
  scalars(): 'squared-distances' | null
}
