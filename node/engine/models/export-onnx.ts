/** A trained model as one ONNX file that any ONNX Runtime loads: standard operators, weights inside. */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import { graphOf, Operators } from '../autodiff/index.ts'
import {
  bytesOf,
  DataType,
  DEFAULT_OPSET,
  type MetadataEntry,
  makeModel,
  type Tensor,
  writeModel,
} from '../onnx/index.ts'
import { PORTABLE } from './dialect.ts'
import { block, embed, type GptBuilder, head } from './gpt.ts'
import { type ParameterSpec, stageParameters } from './parameters.ts'

export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/**
 * Input `tokens` i64 [1, sequence], output `logits` f32 [1, sequence, vocabulary]. Attention is causal, so a shorter text is
 * padded at its end with any token, and read at its own last position.
 * @param parameters every parameter of the model, by name
 * @throws RangeError where a parameter is missing or has another shape
 */
export function exportModel(
  config: ModelConfig,
  parameters: ReadonlyMap<string, NamedTensor>,
  metadata: readonly MetadataEntry[] = [],
): Uint8Array {
  const g = new Operators(DEFAULT_OPSET, 'g/')
  for (const spec of stageParameters(config, wholeModel(config)))
    g.constant(initializer(spec, parameters.get(spec.name)))
  const { sequence, vocabulary } = config
  const tokens = g.input('tokens', DataType.int64, [1, sequence])
  const b: GptBuilder = { g, dialect: PORTABLE, config, parameter: name => g.value(name) }
  let { x } = embed(b, g.reshape(tokens, [sequence]))
  for (let index = 0; index < config.layers; index++) x = block(b, index, x)
  const logits = g.reshape(head(b, x), [1, sequence, vocabulary])
  const graph = graphOf(g, config.preset, [{ name: 'logits', value: logits }])
  return writeModel(makeModel(graph, { metadata }))
}

function wholeModel(config: ModelConfig) {
  return { index: 0, stages: 1, firstBlock: 0, endBlock: config.layers, hasEmbedding: true, hasHead: true }
}

function initializer(spec: ParameterSpec, tensor: NamedTensor | undefined): Tensor {
  if (tensor === undefined) throw new RangeError(`Parameter '${spec.name}' is missing.`)
  const count = spec.shape.reduce((product, size) => product * size, 1)
  if (String(tensor.shape) !== String(spec.shape) || tensor.data.length !== count) {
    throw new RangeError(`Parameter '${spec.name}' has the shape [${tensor.shape}] instead of [${spec.shape}].`)
  }
  return { name: spec.name, type: DataType.float32, shape: spec.shape, data: bytesOf(tensor.data), documentation: '' }
}
