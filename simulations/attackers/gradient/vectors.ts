/** Statistics over vectors of one length, as attacks need them. Sums in f64. */
import type { GradientView } from './types.ts'

/** The vectors that a colluder can reckon with: the honest ones, or, where it sees none, its own. */
export function seen({ honest, own }: Pick<GradientView, 'honest' | 'own'>): readonly Float32Array[] {
  return honest.length > 0 ? honest : [own]
}

export function meanOf(vectors: readonly Float32Array[]): Float32Array {
  return new Float32Array(means(vectors))
}

/** Of each coordinate, the sample's standard deviation (n - 1); 0 where there is one vector. */
export function deviationOf(vectors: readonly Float32Array[]): Float32Array {
  const mean = means(vectors)
  const squares = new Float64Array(mean.length)
  for (const vector of vectors) {
    for (let at = 0; at < mean.length; at++) squares[at]! += (vector[at]! - mean[at]!) ** 2
  }
  const freedom = Math.max(1, vectors.length - 1)
  for (let at = 0; at < squares.length; at++) squares[at] = Math.sqrt(squares[at]! / freedom)
  return new Float32Array(squares)
}

export function scaledBy(vector: Float32Array, factor: number): Float32Array {
  const scaled = new Float32Array(vector.length)
  for (let at = 0; at < scaled.length; at++) scaled[at] = factor * vector[at]!
  return scaled
}

/** a + factor * b */
export function plus(a: Float32Array, factor: number, b: Float32Array): Float32Array {
  const sum = new Float32Array(a.length)
  for (let at = 0; at < sum.length; at++) sum[at] = a[at]! + factor * b[at]!
  return sum
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

function means(vectors: readonly Float32Array[]): Float64Array {
  if (vectors.length === 0) throw new RangeError('statistics of no vector')
  const sums = new Float64Array(vectors[0]!.length)
  for (const vector of vectors) {
    for (let at = 0; at < sums.length; at++) sums[at]! += vector[at]!
  }
  for (let at = 0; at < sums.length; at++) sums[at]! /= vectors.length
  return sums
}
