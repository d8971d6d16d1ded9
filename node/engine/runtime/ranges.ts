/** Where each parameter stands in the stage's flat vector. */
import type { ParameterSpec } from '../models/index.ts'

export interface ParameterRange {
  readonly name: string
  readonly shape: readonly number[]
  /** First value. */
  readonly start: number
  readonly count: number
}

/** In manifest order, without gaps. */
export function parameterRanges(specs: readonly ParameterSpec[]): ParameterRange[] {
  let next = 0
  return specs.map(({ name, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    const range = { name, shape, start: next, count }
    next += count
    return range
  })
}

export interface DecayRange {
  readonly start: number
  readonly count: number
  readonly decays: boolean
}

/** Matrices decay, vectors (norms and biases) do not; neighbours that agree are joined. */
export function decayRanges(ranges: readonly ParameterRange[]): DecayRange[] {
  const joined: { start: number; count: number; decays: boolean }[] = []
  for (const { shape, start, count } of ranges) {
    const decays = shape.length >= 2
    const last = joined.at(-1)
    if (last?.decays === decays) last.count += count
    else joined.push({ start, count, decays })
  }
  return joined
}
