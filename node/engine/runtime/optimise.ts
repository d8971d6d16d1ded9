/** One optimiser step of a stage, from the certified aggregate, on the shadow state (round.md, "Execute"). */
import type { OptimizerConfig } from '../../../protocols/wire/manifest.ts'
import { F32_BYTES, MAX_F32 } from './constants.ts'
import type { DecayRange } from './ranges.ts'
import { learningRate, power } from './schedule.ts'
import type { StageMemory } from './state.ts'

export interface StepInput {
  /** From 1. */
  readonly round: number
  readonly config: OptimizerConfig
  readonly ranges: readonly DecayRange[]
  /** Share of the model's parameters that this stage holds. */
  readonly share: number
}

export interface StepResult {
  /** False where a new value is not finite: the shadow is then of no use. */
  readonly finite: boolean
  /** Norm of the aggregate before clipping. */
  readonly norm: number
}

/** Steps from the state, with the aggregate that stands in `shadow.a`, to the rest of the shadow. */
export function optimise(memory: StageMemory, { round, config, ranges, share }: StepInput): StepResult {
  const { kernels, parameters, state, shadow } = memory
  const norm = Math.sqrt(kernels.squaredNorm(shadow.a, parameters))
  const clip = clipFactor(norm, config.aggregateClip * Math.sqrt(share))
  const rate = learningRate(round, config)
  const differs = config.secondMoment === 'difference'
  const momentumDecay = differs ? config.beta1 : 0
  const stepRate = (clip * rate) / (1 - power(config.beta1, round))
  const correction = 1 / (1 - power(config.beta2, round))
  for (const { start, count, decays } of ranges) {
    const at = start * F32_BYTES
    kernels.adamw(
      state.theta + at,
      state.v + at,
      state.a + at,
      shadow.a + at,
      shadow.theta + at,
      shadow.v + at,
      count,
      momentumDecay,
      1 / (1 - momentumDecay),
      config.beta2,
      1 - config.beta2,
      clip,
      stepRate,
      decays ? 1 - rate * config.weightDecay : 1,
      correction,
      config.epsilon,
    )
  }
  const finiteAt = (address: number): boolean => kernels.withinBound(address, MAX_F32, parameters) === 1
  return { finite: finiteAt(shadow.theta) && finiteAt(shadow.v), norm }
}

function clipFactor(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1
}
