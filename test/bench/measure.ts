/** What a benchmark measured, beside what it is held against. */

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What `value` is held against, in the same unit; null where it only informs. */
  readonly bound: number | null
  /** value / bound. */
  readonly ratio: number | null
  readonly target: Target | null
  readonly met: boolean | null
}

/** What the ratio has to be. */
export interface Target {
  readonly is: 'at-least' | 'at-most'
  readonly ratio: number
}

export interface Benchmark {
  /** In one sentence: what is compared with what. */
  readonly about: string
  /** Ends early, with an error, when the signal fires. */
  run(signal: AbortSignal): AsyncIterable<Figure>
}

export const atLeast = (ratio: number): Target => ({ is: 'at-least', ratio })
export const atMost = (ratio: number): Target => ({ is: 'at-most', ratio })

export interface Measured {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/** A figure that is only told. */
export function inform(measured: Measured): Figure {
  return { ...measured, bound: null, ratio: null, target: null, met: null }
}

/** A figure beside its bound. @param target null where the ratio only informs */
export function compare(measured: Measured, bound: number, target: Target | null): Figure {
  return judge(measured, bound, measured.value / bound, target)
}

/**
 * Two series that were measured in turns: the ratio is the median of those within each turn, which leaves out changes of
 * the machine's speed between turns.
 */
export function comparePairs(
  measured: Omit<Measured, 'value'>,
  values: readonly number[],
  bounds: readonly number[],
  target: Target | null,
): Figure {
  const value = median(values)
  const ratio = median(values.map((each, turn) => each / bounds[turn]!))
  return judge({ ...measured, value }, value / ratio, ratio, target)
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function judge(measured: Measured, bound: number, ratio: number, target: Target | null): Figure {
  return { ...measured, bound, ratio, target, met: target === null ? null : meets(ratio, target) }
}

function meets(ratio: number, target: Target): boolean {
  return target.is === 'at-least' ? ratio >= target.ratio : ratio <= target.ratio
}
