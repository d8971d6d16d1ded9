/** The graphs that the runtime runs for one stage, each a serialised ONNX model at static shapes. */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import {
  graphOf,
  type NamedOutput,
  Operators,
  operatorSets,
  releaseEarly,
  reverse,
  type Value,
} from '../autodiff/index.ts'
import { DataType, DEFAULT_OPSET, makeModel, writeModel } from '../onnx/index.ts'
import { FAST } from './dialect.ts'
import { block, embed, type GptBuilder, head } from './gpt.ts'
import { type CrossEntropy, crossEntropy } from './loss.ts'
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
  /** Output of the last block, in parts of whole sequences. */
  readonly parts: readonly Value[]
  readonly tokens: number
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
  const b: GptBuilder = { g, dialect: FAST, config, parameter: name => g.value(name) }
  const embedded = cut.hasEmbedding ? embed(b, source) : { rows: source, x: source }
  const blocks = (part: Value): Value => {
    let x = part
    for (let index = cut.firstBlock; index < cut.endBlock; index++) x = block(b, index, x)
    return x
  }
  const parts = g.split(embedded.x, 0, partSizes(config, sequences)).map(blocks)
  return { b, cut, entry: embedded.rows, parts, tokens, parameters }
}

/**
 * Rows of each part that a micro-batch is computed in, at most: the operators between the products only move memory, and
 * what they move should still be in a cache. In two parts of 1024 rows, d256 takes 7 % less time than in one of 2048;
 * smaller parts gain nothing more on two threads, which have to meet after every operator.
 */
const PART_ROWS = 1024

function partSizes({ sequence }: ModelConfig, sequences: number): number[] {
  const each = Math.max(1, Math.floor(PART_ROWS / sequence))
  const count = Math.ceil(sequences / each)
  return Array.from(
    { length: count },
    (_, k) => sequence * (Math.floor(((k + 1) * sequences) / count) - Math.floor((k * sequences) / count)),
  )
}

function forwardGraph(stage: Stage): Uint8Array {
  return serialise(stage.b.g, 'forward', [{ name: 'y', value: outputOf(stage) }])
}

function backwardGraph(stage: Stage): Uint8Array {
  const y = outputOf(stage)
  const dy = stage.b.g.input('dy', DataType.float32, y.shape)
  return serialise(stage.b.g, 'backward', gradients(stage, new Map([[y.name, dy]])))
}

function lastBackwardGraph(stage: Stage): Uint8Array {
  const { loss, logits, entropies } = lossOf(stage)
  const seeds = new Map(logits.map((part, k) => [part.name, entropies[k]!.gradient()]))
  return serialise(stage.b.g, 'backward', [{ name: 'loss', value: loss }, ...gradients(stage, seeds)])
}

function evaluateGraph(stage: Stage): Uint8Array {
  return serialise(stage.b.g, 'evaluate', [{ name: 'loss', value: lossOf(stage).loss }])
}

function logitsGraph({ b, parts }: Stage): Uint8Array {
  const logits = b.g.concat(
    parts.map(part => head(b, part)),
    0,
  )
  return serialise(b.g, 'logits', [{ name: 'logits', value: logits }])
}

function outputOf({ b, parts }: Stage): Value {
  return b.g.concat(parts, 0)
}

function lossOf({ b, parts, tokens }: Stage): { loss: Value; logits: Value[]; entropies: CrossEntropy[] } {
  const { g } = b
  const targets = g.input('targets', DataType.int64, [tokens])
  const rows = parts.map(({ shape }) => shape[0]!)
  const targetParts = g.split(targets, 0, rows)
  const logits = parts.map(part => head(b, part))
  const entropies = logits.map((part, k) => crossEntropy(g, part, targetParts[k]!, tokens))
  return { loss: entropies.map(({ loss }) => loss).reduce((sum, loss) => g.add(sum, loss)), logits, entropies }
}

function gradients({ b, cut, entry, parameters }: Stage, seeds: ReadonlyMap<string, Value>): NamedOutput[] {
  const dense = parameters.filter(({ name }) => name !== TOKEN_EMBEDDING)
  const found = reverse(b.g, seeds, new Set([entry.name, ...dense.map(({ name }) => name)]))
  const gradient = (name: string) => found.get(name)!
  return [
    { name: cut.hasEmbedding ? `rows.${TOKEN_EMBEDDING}` : 'dx', value: gradient(entry.name) },
    ...dense.map(({ name }) => ({ name: `d.${name}`, value: gradient(name) })),
  ]
}

function serialise(g: Operators, name: string, outputs: readonly NamedOutput[]): Uint8Array {
  const graph = releaseEarly(graphOf(g, name, outputs))
  return writeModel(makeModel(graph, { opsets: operatorSets([], graph, g.opset) }))
}
