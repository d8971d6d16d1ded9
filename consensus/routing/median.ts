/**
 * The lower median: of an even number of values the lower of the two middle ones, so that half of them gain nothing by being
 * large. @throws RangeError of nothing
 */
export function lowerMedian(values: readonly number[]): number {
  const median = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
  if (median === undefined) throw new RangeError('the median of nothing')
  return median
}

/** The same; null of nothing. */
export function lowerMedianOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : lowerMedian(values)
}
