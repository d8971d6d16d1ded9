/** The cut of a preset model: a pure function of the manifest, so every peer computes the same one. */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import { validateModel } from '../models/config.ts'
import type { StageCut } from '../models/parameters.ts'
import { stageParameters } from '../models/parameters.ts'
import { balance, PartitionError } from './balance.ts'
import { BYTES_PER_PARAMETER, weigh } from './cost.ts'
import { stageFlops } from './flops.ts'

/** Tensors of the boundary's size that a block keeps for its backward (norms, QKV, attention, feed-forward, residuals). */
const TENSORS_PER_BLOCK = 16

/**
 * Cuts the model at block boundaries into `stages` stages, the costliest as cheap as possible.
 * @param sequences sequences in a micro-batch
 * @throws PartitionError where the model is invalid or has fewer blocks than stages
 */
export function cutModel(config: ModelConfig, stages: number, sequences: number): StageCut[] {
  const fault = validateModel(config)
  if (fault !== null) throw new PartitionError(fault)
  if (!Number.isInteger(stages) || stages < 1) throw new PartitionError(`A model cannot be cut into ${stages} stages.`)
  if (!Number.isInteger(sequences) || sequences < 1)
    throw new PartitionError(`A micro-batch cannot have ${sequences} sequences.`)
  if (stages > config.layers) {
    throw new PartitionError(
      `The model has ${config.layers} blocks, which is fewer than the ${stages} stages asked for.`,
    )
  }
  const at = (index: number, firstBlock: number, endBlock: number): StageCut => ({
    index,
    stages,
    firstBlock,
    endBlock,
    hasEmbedding: firstBlock === 0,
    hasHead: endBlock === config.layers,
  })
  const costs = new Map<string, number>()
  const cost = (from: number, to: number) => {
    const key = `${from}-${to}`
    const known = costs.get(key) ?? stageCost(config, at(0, from, to), sequences)
    costs.set(key, known)
    return known
  }
  const bounds = balance(config.layers, stages, cost)
  return bounds.slice(0, -1).map((first, index) => at(index, first, bounds[index + 1]!))
}

function stageCost(config: ModelConfig, cut: StageCut, sequences: number): number {
  const { forward, backward } = stageFlops(config, cut, sequences)
  return weigh(forward + backward, stageBytes(config, cut, sequences))
}

/** Parameters, second moments and last aggregate, in f32: what a stage's exported state is. */
const STATE_VECTORS = 3

/** Length of a stage's exported state, in bytes. */
export function stateBytes(config: ModelConfig, cut: StageCut): number {
  return STATE_VECTORS * 4 * parametersOf(config, cut)
}

/** Bytes of memory a stage needs, about: its state, and what one micro-batch's backward keeps. */
export function stageBytes(config: ModelConfig, cut: StageCut, sequences: number): number {
  const values = parametersOf(config, cut)
  const tokens = sequences * config.sequence
  const blocks = cut.endBlock - cut.firstBlock
  const kept =
    tokens *
    (blocks * (TENSORS_PER_BLOCK * config.width + config.heads * config.sequence) +
      (cut.hasHead ? config.vocabulary : 0))
  return BYTES_PER_PARAMETER * values + 4 * kept
}

/** Values of a stage's flat parameter vector. */
export function parametersOf(config: ModelConfig, cut: StageCut): number {
  return stageParameters(config, cut).reduce((sum, spec) => sum + spec.shape.reduce((a, b) => a * b, 1), 0)
}
