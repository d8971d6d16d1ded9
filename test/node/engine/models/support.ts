/** A small model with parameters far from their initial values, so that every gradient is felt. */
import {
  type NamedTensor,
  type ParameterSpec,
  type StageCut,
  stageParameters,
} from '../../../../node/engine/models/index.ts'
import { DataType } from '../../../../node/engine/onnx/index.ts'
import type { ModelConfig } from '../../../../protocols/wire/manifest.ts'
import { type Feed, product, random } from '../support.ts'

export const CONFIG: ModelConfig = {
  preset: 'test',
  layers: 2,
  width: 16,
  heads: 2,
  feedForward: 24,
  vocabulary: 20,
  sequence: 8,
}
export const SEQUENCES = 2
export const TOKENS = SEQUENCES * CONFIG.sequence

export const WHOLE: StageCut = {
  index: 0,
  stages: 1,
  firstBlock: 0,
  endBlock: CONFIG.layers,
  hasEmbedding: true,
  hasHead: true,
}

export function drawParameters(seed: number): Map<string, NamedTensor> {
  const next = random(seed)
  const draw = ({ name, shape }: ParameterSpec) => {
    const centre = name.includes('norm') && name.endsWith('weight') ? 1 : 0
    return Float32Array.from({ length: product(shape) }, () => centre + (next() - 0.5) * 0.6)
  }
  return new Map(stageParameters(CONFIG, WHOLE).map(spec => [spec.name, { shape: spec.shape, data: draw(spec) }]))
}

export function drawTokens(seed: number, count = TOKENS): Feed {
  const next = random(seed)
  return {
    type: DataType.int64,
    shape: [count],
    data: Array.from({ length: count }, () => Math.floor(next() * CONFIG.vocabulary)),
  }
}

export function parameterFeeds(
  parameters: ReadonlyMap<string, NamedTensor>,
  specs: readonly ParameterSpec[],
): Record<string, Feed> {
  return Object.fromEntries(
    specs.map(({ name, shape }) => [
      name,
      { type: DataType.float32, shape, data: Array.from(parameters.get(name)!.data) },
    ]),
  )
}

export function boundaryFeed(data: readonly number[]): Feed {
  return { type: DataType.float32, shape: [TOKENS, CONFIG.width], data }
}
