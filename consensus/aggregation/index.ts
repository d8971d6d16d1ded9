/** The table of rules. A new rule is one file and one line here; its kernel is one file in `node/engine/kernels`. */
import { mean } from './mean.ts'
import { median } from './median.ts'
import { trimmedMean } from './trimmed-mean.ts'
import type { AggregationRule, RuleName } from './types.ts'

export const RULES: Readonly<Record<RuleName, AggregationRule>> = {
  mean,
  'trimmed-mean': trimmedMean,
  median,
}

/**
 * Values dropped at each end of a coordinate, for n' inputs and f' liars. Total over what agreement can decide: it seals at
 * least n - f >= 2f + 1 commitments, and f' <= f. Throws a RangeError on fewer, which only a bug can ask for.
 */
export function trimCount(rule: RuleName, inputs: number, faults: number): number {
  const row = RULES[rule]
  if (inputs < row.minimumInputs(faults)) {
    throw new RangeError(
      `${rule} of ${inputs} inputs cannot stand ${faults} liars: it needs ${row.minimumInputs(faults)}`,
    )
  }
  return row.trimCount(inputs, faults)
}

export type { AggregationRule, RuleName } from './types.ts'
