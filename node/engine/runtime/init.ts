/** What an engine is made from, and the sizes that follow. */
import type { Manifest } from '../../../protocols/wire/manifest.ts'
import { countParameters, type ParameterSpec, type StageCut, stageParameters } from '../models/index.ts'
import { stageFlops } from '../partition/index.ts'
import { F32_BYTES } from './constants.ts'
import { type Partitioning, partition } from './partitions.ts'
import { type ParameterRange, parameterRanges } from './ranges.ts'
import type { StageShape } from './types.ts'

export type EngineManifest = Pick<Manifest, 'model' | 'batch' | 'optimizer' | 'aggregation' | 'seed' | 'encoding'>

/** Everything plain data, so that it can be sent to a worker. */
export interface StageInit {
  readonly manifest: EngineManifest
  readonly cut: StageCut
  /** Seats a stage that the run starts with: decides the partitions. */
  readonly replicas: number
  /** That compute: hands of sequences of their own where there is memory for that, else threads of one graph operation. */
  readonly threads: number
  /** Of this machine for the stage, hands and all; whatever it takes where not given. */
  readonly memoryBytes?: number
  /** Of onnxruntime; its default (CPU) where not given. */
  readonly executionProviders?: readonly string[]
}

export interface StagePlan {
  readonly specs: readonly ParameterSpec[]
  readonly ranges: readonly ParameterRange[]
  readonly partitioning: Partitioning
  /** Tokens in a micro-batch. */
  readonly tokens: number
  readonly shape: StageShape
}

export function planStage({ manifest, cut, replicas }: StageInit): StagePlan {
  const { model, batch } = manifest
  const specs = stageParameters(model, cut)
  const ranges = parameterRanges(specs)
  const parameters = ranges.reduce((sum, { count }) => sum + count, 0)
  const partitioning = partition(parameters, replicas)
  const tokens = batch.sequences * model.sequence
  return {
    specs,
    ranges,
    partitioning,
    tokens,
    shape: {
      parameters,
      modelParameters: countParameters(model),
      partitionValues: partitioning.partitionValues,
      partitions: partitioning.partitions,
      boundaryBytes: tokens * model.width * F32_BYTES,
      flopsShare: flopsShare(manifest, cut),
    },
  }
}

function flopsShare({ model, batch }: EngineManifest, cut: StageCut): number {
  const whole = { index: 0, stages: 1, firstBlock: 0, endBlock: model.layers, hasEmbedding: true, hasHead: true }
  const total = (part: StageCut): number => {
    const { forward, backward } = stageFlops(model, part, batch.sequences)
    return forward + backward
  }
  return total(cut) / total(whole)
}
