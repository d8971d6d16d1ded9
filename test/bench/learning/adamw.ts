/**
 * AdamW as Loshchilov and Hutter (2019) print it, in plain loops with moments in f64: the reference that the swarm's
 * kernels, momenta and rules are held against, so it shares nothing with them.
 */
import type { OptimizerConfig } from '../../../protocols/wire/manifest.ts'

type Settings = Pick<OptimizerConfig, 'beta1' | 'beta2' | 'epsilon' | 'weightDecay'>

export class AdamW {
  readonly #settings: Settings
  readonly #decays: boolean
  readonly #first: Float64Array
  readonly #second: Float64Array
  #steps = 0

  /** @param decays false for norms and biases */
  constructor(settings: Settings, size: number, decays: boolean) {
    this.#settings = settings
    this.#decays = decays
    this.#first = new Float64Array(size)
    this.#second = new Float64Array(size)
  }

  /** Changes `values` in place. */
  step(values: Float32Array, gradient: Float64Array, rate: number): void {
    const { beta1, beta2, epsilon, weightDecay } = this.#settings
    this.#steps++
    const correction1 = 1 - beta1 ** this.#steps
    const correction2 = 1 - beta2 ** this.#steps
    const kept = this.#decays ? 1 - rate * weightDecay : 1
    for (let at = 0; at < gradient.length; at++) {
      const g = gradient[at]!
      const m = beta1 * this.#first[at]! + (1 - beta1) * g
      const v = beta2 * this.#second[at]! + (1 - beta2) * g * g
      this.#first[at] = m
      this.#second[at] = v
      values[at] = kept * values[at]! - (rate * (m / correction1)) / (Math.sqrt(v / correction2) + epsilon)
    }
  }
}

/** Linear warm-up, half a cosine down to the floor, then constant. @param round from 1 */
export function cosineRate(round: number, config: OptimizerConfig): number {
  const { learningRate: peak, learningRateFloor: floor, warmupRounds, decayRounds } = config
  if (round < warmupRounds) return (peak * round) / warmupRounds
  const decayed = Math.min(1, (round - warmupRounds) / decayRounds)
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * decayed))) / 2
}
