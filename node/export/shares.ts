/** Each stage's share of a micro-batch's floating point operations: what a point in that stage is worth. */
import type { Manifest } from '../../protocols/wire/manifest.ts'
import { cutModel, stageFlops } from '../engine/partition/index.ts'

/** One share a stage; they sum to 1. */
export function stageShares({ model, stages, batch }: Manifest): number[] {
  const flops = cutModel(model, stages, batch.sequences).map(cut => {
    const { forward, backward } = stageFlops(model, cut, batch.sequences)
    return forward + backward
  })
  const total = flops.reduce((sum, stage) => sum + stage, 0)
  return flops.map(stage => stage / total)
}
