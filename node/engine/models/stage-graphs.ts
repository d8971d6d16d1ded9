/** The graphs that the runtime runs for one stage, each a serialised ONNX model at static shapes. */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import { graphOf, type NamedOutput, Operators, operatorSets, reverse, type Value } from '../autodiff/index.ts'
import { DataType, DEFAULT_OPSET, makeModel, writeModel } from '../onnx/index.ts'
import { FAST } from './dialect.ts'
import { block, embed, type GptBuilder, head } from './gpt.ts'
import { crossEntropy } from './loss.ts'
import { type ParameterSpec, type StageCut, stageParameters, TOKEN_EMBEDDING } from './parameters.ts'

/**
 * Inputs and outputs by name, with N = sequences * sequence tokens:
 * `tokens` i64 [N] (first stage) or `x` f32 [N, width]; `targets` i64 [N] (last stage); every parameter by its name.
 */
export interface StageGraphs {
  readonly parameters: ParameterSpec[]
  /** Output `y` f32 [N, width]; null in the last stage. */
  readonly forward: Uint8Array | null
  /**
   * Recomputes the forward. Takes `dy` f32 [N, width] and gives `dx` (stages > 0) and `d.<parameter>`; the last stage takes
   * `targets` instead and gives `loss` f32 [1] as well. The token embedding's gradient is `rows.<parameter>` f32 [N, width],
   * one row a token, which the runtime adds up in a deterministic kernel.
   */
  readonly backward: Uint8Array
  /** Output `loss` f32 [1]; null unless the last stage. */
  readonly evaluate: Uint8Array | null
  /** Output `logits` f32 [N, vocabulary]; null unless the last stage. */
  readonly logits: Uint8Array | null
}

/** @param sequences sequences in a micro-batch */
export function buildStageGraphs(config: ModelConfig, cut: StageCut, sequences: number): StageGraphs {
  const parameters = stageParameters(config, cut)
  const start = () => startStage(config, cut, sequences)
  return {
    parameters,
    forward: cut.hasHead ? null : forwardGraph(start()),
    backward: cut.hasHead ? lastBackwardGraph(start()) : backwardGraph(start()),
    evaluate: cut.hasHead ? evaluateGraph(start()) : null,
    logits: cut.hasHead ? logitsGraph(start()) : null,
  }
}

interface Stage {
  readonly b: GptBuilder
  readonly cut: StageCut
  /** What the stage's input gradient belongs to: the boundary input, or the token table's rows. */
  readonly entry: Value
  /** Output of the last block. */
  readonly x: Value
  readonly parameters: readonly ParameterSpec[]
}

function startStage(config: ModelConfig, cut: StageCut, sequences: number): Stage {
  const g = new Operators(DEFAULT_OPSET, 'g/')
  const tokens = sequences * config.sequence
  const source = cut.hasEmbedding
    ? g.input('tokens', DataType.int64, [tokens])
    : g.input('x', DataType.float32, [tokens, config.width])
  const parameters = stageParameters(config, cut)
  for (const { name, shape } of parameters) g.input(name, DataType.float32, shape)
  const b: GptBuilder = { g, dialect: FAST, config, sequences, parameter: name => g.value(name) }
  const embedded = cut.hasEmbedding ? embed(b, source) : { rows: source, x: source }
  let x = embedded.x
  for (let index = cut.firstBlock; index < cut.endBlock; index++) x = block(b, index, x)
  return { b, cut, entry: embedded.rows, x, parameters }
}

function forwardGraph({ b, x }: Stage): Uint8Array {
  return serialise(b.g, 'forward', [{ name: 'y', value: x }])
}

function backwardGraph(stage: Stage): Uint8Array {
  const dy = stage.b.g.input('dy', DataType.float32, stage.x.shape)
  return serialise(stage.b.g, 'backward', gradients(stage, stage.x, dy))
}

function lastBackwardGraph(stage: Stage): Uint8Array {
  const logits = head(stage.b, stage.x)
  const { loss, gradient } = crossEntropy(stage.b.g, logits, targetsOf(stage))
  return serialise(stage.b.g, 'backward', [{ name: 'loss', value: loss }, ...gradients(stage, logits, gradient())])
}

function evaluateGraph(stage: Stage): Uint8Array {
  const { loss } = crossEntropy(stage.b.g, head(stage.b, stage.x), targetsOf(stage))
  return serialise(stage.b.g, 'evaluate', [{ name: 'loss', value: loss }])
}

function logitsGraph(stage: Stage): Uint8Array {
  return serialise(stage.b.g, 'logits', [{ name: 'logits', value: head(stage.b, stage.x) }])
}

function targetsOf({ b, x }: Stage): Value {
  return b.g.input('targets', DataType.int64, [x.shape[0]!])
}

function gradients({ b, cut, entry, parameters }: Stage, output: Value, dy: Value): NamedOutput[] {
  const dense = parameters.filter(({ name }) => name !== TOKEN_EMBEDDING)
  const found = reverse(b.g, new Map([[output.name, dy]]), new Set([entry.name, ...dense.map(({ name }) => name)]))
  const gradient = (name: string) => found.get(name)!
  return [
    { name: cut.hasEmbedding ? `rows.${TOKEN_EMBEDDING}` : 'dx', value: gradient(entry.name) },
    ...dense.map(({ name }) => ({ name: `d.${name}`, value: gradient(name) })),
  ]
}

function serialise(g: Operators, name: string, outputs: readonly NamedOutput[]): Uint8Array {
  const graph = graphOf(g, name, outputs)
  return writeModel(makeModel(graph, { opsets: operatorSets([], graph, g.opset) }))
}
