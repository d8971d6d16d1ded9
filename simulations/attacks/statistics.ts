/** Mean and confidence over seeds. */

export interface Interval {
  readonly mean: number
  /** Half the width of the 95 % interval by Student's t; null for one value, which says nothing about its spread. */
  readonly halfWidth: number | null
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom. */
const STUDENT_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]
/** For more, Cornish and Fisher's first terms around the normal quantile. */
const NORMAL = 1.959964

export function studentT(freedom: number): number {
  return STUDENT_T[freedom - 1] ?? NORMAL + (NORMAL ** 3 + NORMAL) / (4 * freedom)
}

export function interval(values: readonly number[]): Interval {
  if (values.length === 0) throw new RangeError('an interval of no values')
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (values.length === 1) return { mean, halfWidth: null }
  const freedom = values.length - 1
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / freedom
  return { mean, halfWidth: studentT(freedom) * Math.sqrt(variance / values.length) }
}
