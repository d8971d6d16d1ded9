/**
 * The learning rate and the bias corrections of a round. They enter hashed state, so only operations that IEEE 754 rounds
 * exactly are used: `Math.cos` and `Math.pow` may differ in the last bit between machines and engine versions.
 */
import type { OptimizerConfig } from '../../../protocols/wire/manifest.ts'

type Schedule = Pick<OptimizerConfig, 'learningRate' | 'learningRateFloor' | 'warmupRounds' | 'decayRounds'>

/**
 * Linear warm-up to the peak, then half a cosine down to the floor, then constant (Loshchilov and Hutter 2017, without
 * restarts). Rounds count from 1: the first step is not lost to a rate of 0.
 */
export function learningRate(round: number, { learningRate: peak, ...config }: Schedule): number {
  const { warmupRounds, decayRounds, learningRateFloor: floor } = config
  if (round < warmupRounds) return (peak * round) / warmupRounds
  const decayed = round - warmupRounds
  if (decayed >= decayRounds) return floor
  return floor + ((peak - floor) * (1 + cosineOfHalfTurns(decayed / decayRounds))) / 2
}

/** base^exponent by squaring, for whole exponents >= 0. */
export function power(base: number, exponent: number): number {
  let result = 1
  let square = base
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square
    square *= square
  }
  return result
}

/** cos(pi * x) for x in [0, 1], to 1e-15: the Taylor polynomial on [0, 1/4], the rest by symmetry and half angles. */
export function cosineOfHalfTurns(x: number): number {
  if (x > 0.5) return -cosineOfHalfTurns(1 - x)
  if (x > 0.25) {
    const half = cosineOfHalfTurns(x / 2)
    return 2 * half * half - 1
  }
  const square = Math.PI * x * (Math.PI * x)
  let sum = 1
  for (let k = TAYLOR_DEGREE; k >= 2; k -= 2) sum = 1 - (sum * square) / (k * (k - 1))
  return sum
}

/** The first term left out is (pi / 4)^18 / 18!, 2e-18. */
const TAYLOR_DEGREE = 16
