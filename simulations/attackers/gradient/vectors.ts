/** Statistics over vectors of one length, as attacks need them. Sums in f64. */
import type { GradientView } from './types.ts'

/** The vectors that a colluder can reckon with: the honest ones, or, where it sees none, its own. */
export function seen({ honest, own }: Pick<GradientView, 'honest' | 'own'>): readonly Float32Array[] {
  return honest.length > 0 ? honest : [own]
}

export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  return perCoordinate(vectors, values => sum(values) / values.length)
}

/** Of each coordinate, the sample's standard deviation (n - 1); 0 where there is one vector. */
export function deviationOf(vectors: readonly Float32Array[]): Float32Array {
  return perCoordinate(vectors, values => {
    const mean = sum(values) / values.length
    const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0)
    return values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0
  })
}

export function scaledBy(vector: Float32Array, factor: number): Float32Array {
  return vector.map(value => factor * value)
}

/** a + factor * b */
export function plus(a: Float32Array, factor: number, b: Float32Array): Float32Array {
  return a.map((value, at) => value + factor * b[at]!)
}

export function dot(a: Float32Array, b: Float32Array): number {
  let total = 0
  for (let at = 0; at < a.length; at++) total += a[at]! * b[at]!
  return total
}

export function norm(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector))
}

/** Root of the mean square: the size of a typical value. */
export function rootMeanSquare(vector: Float32Array): number {
  return vector.length === 0 ? 0 : norm(vector) / Math.sqrt(vector.length)
}

/** Standard normal (Box and Muller 1958, without the second value: streams stay simple). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

function perCoordinate(vectors: readonly Float32Array[], combine: (values: readonly number[]) => number): Float32Array {
  const first = vectors[0]
  if (first === undefined) throw new RangeError('statistics of no vector')
  return Float32Array.from(first, (_, at) => combine(vectors.map(vector => vector[at]!)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
