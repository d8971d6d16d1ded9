/** Floating point operations of a stage: multiply and add count as two, elementwise work is left out. */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import type { StageCut } from '../models/parameters.ts'

export interface StageFlops {
  readonly forward: number
  /** Twice the forward: each product has one gradient for either factor. */
  readonly backward: number
}

/** Operations of one micro-batch of `sequences` sequences in this stage. */
export function stageFlops(config: ModelConfig, cut: StageCut, sequences: number): StageFlops {
  const tokens = sequences * config.sequence
  const blocks = cut.endBlock - cut.firstBlock
  const forward = tokens * (blocks * blockFlops(config) + (cut.hasHead ? headFlops(config) : 0))
  return { forward, backward: 2 * forward }
}

/** Operations a token of one block's forward. */
export function blockFlops(config: ModelConfig): number {
  const { width, feedForward, sequence } = config
  const products = 2 * (4 * width * width + 2 * width * feedForward)
  const attention = 2 * 2 * sequence * width
  return products + attention
}

/** Operations a token of the head's forward. */
export function headFlops(config: ModelConfig): number {
  return 2 * config.width * config.vocabulary
}
