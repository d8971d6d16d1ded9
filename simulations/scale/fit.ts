/** How a cost grows: the exponent k of cost = a * size^k, by least squares over the logarithms. */

export interface Fit {
  readonly exponent: number
  /** Share of the variance that the line explains; 1 is all. */
  readonly rSquared: number
}

/** Null with fewer than two sizes, or where something costs nothing. */
export function fitGrowth(points: readonly (readonly [size: number, cost: number])[]): Fit | null {
  const usable = points
    .filter(([size, cost]) => size > 0 && cost > 0)
    .map(([size, cost]) => [Math.log(size), Math.log(cost)] as const)
  if (new Set(usable.map(([x]) => x)).size < 2) return null
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = mean(usable.map(([x]) => x))
  const meanY = mean(usable.map(([, y]) => y))
  const sxx = usable.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const sxy = usable.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const syy = usable.reduce((sum, [, y]) => sum + (y - meanY) ** 2, 0)
  const exponent = sxy / sxx
  return { exponent, rSquared: syy < 1e-12 ? 1 : (sxy * sxy) / (sxx * syy) }
}
