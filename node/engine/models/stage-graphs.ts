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
import {
  type ParameterSpec,
  POSITION_EMBEDDING,
  type StageCut,
  stageParameters,
  TOKEN_EMBEDDING,
} from './parameters.ts'
import { cutRows, partSizes, reverseParts } from './parts.ts'

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

/**
 * @param sequences sequences that the graphs compute @param threads that will compute one operation
 * @param batchSequences sequences of the micro-batch, where these are a share of it: losses and gradients of the shares add up
 * to those of the micro-batch
 */
export function buildStageGraphs(
  config: ModelConfig,
  cut: StageCut,
  sequences: number,
  threads = 1,
  batchSequences = sequences,
): StageGraphs {
  const parameters = stageParameters(config, cut)
  const start = () => startStage(config, cut, { sequences, threads, batchSequences })
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
  /** What enters the first block; in parts of whole sequences; and what leaves the last block. */
  readonly x: Value
  readonly entries: readonly Value[]
  readonly parts: readonly Value[]
  readonly tokens: number
  /** What a mean over the tokens is divided by. */
  readonly batchTokens: number
  readonly parameters: readonly ParameterSpec[]
}

interface StageSize {
  readonly sequences: number
  readonly threads: number
  readonly batchSequences: number
}

function startStage(config: ModelConfig, cut: StageCut, { sequences, threads, batchSequences }: StageSize): Stage {
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
  const entries = cutRows(g, embedded.x, partSizes(config, sequences, threads))
  const batchTokens = batchSequences * config.sequence
  return {
    b,
    cut,
    entry: embedded.rows,
    x: embedded.x,
    entries,
    parts: entries.map(blocks),
    tokens,
    batchTokens,
    parameters,
  }
}

function forwardGraph(stage: Stage): Uint8Array {
  return serialise(stage.b.g, 'forward', [{ name: 'y', value: outputOf(stage) }])
}

function backwardGraph(stage: Stage): Uint8Array {
  const { b, parts, tokens } = stage
  const dy = b.g.input('dy', DataType.float32, [tokens, b.config.width])
  const { outputs, marks } = gradients(stage, parts, cutRows(b.g, dy, rowsOf(parts)))
  return serialise(b.g, 'backward', outputs, marks)
}

function lastBackwardGraph(stage: Stage): Uint8Array {
  const { logits, entropies } = entropiesOf(stage)
  const seeds = entropies.map(({ gradient }) => gradient())
  const { outputs, marks } = gradients(stage, logits, seeds)
  // Its sum is emitted last: what the runtime takes first must not need all parts.
  const loss = lossOf(stage.b.g, entropies)
  return serialise(stage.b.g, 'backward', [{ name: 'loss', value: loss }, ...outputs], marks)
}

function evaluateGraph(stage: Stage): Uint8Array {
  const { entropies } = entropiesOf(stage)
  return serialise(stage.b.g, 'evaluate', [{ name: 'loss', value: lossOf(stage.b.g, entropies) }])
}

function logitsGraph({ b, parts }: Stage): Uint8Array {
  const logits = b.g.concat(
    parts.map(part => head(b, part)),
    0,
  )
  return serialise(b.g, 'logits', [{ name: 'logits', value: logits }])
}

function rowsOf(parts: readonly Value[]): number[] {
  return parts.map(({ shape }) => shape[0]!)
}

function outputOf({ b, parts }: Stage): Value {
  return b.g.concat(parts, 0)
}

function entropiesOf({ b, parts, tokens, batchTokens }: Stage): { logits: Value[]; entropies: CrossEntropy[] } {
  const { g } = b
  const targets = g.input('targets', DataType.int64, [tokens])
  const targetParts = cutRows(g, targets, rowsOf(parts))
  const logits = parts.map(part => head(b, part))
  return { logits, entropies: logits.map((part, k) => crossEntropy(g, part, targetParts[k]!, batchTokens)) }
}

function lossOf(g: Operators, entropies: readonly CrossEntropy[]): Value {
  return entropies.map(({ loss }) => loss).reduce((sum, loss) => g.add(sum, loss))
}

/** @param ends what each part gives, with its gradient in `seeds` */
function gradients(
  stage: Stage,
  ends: readonly Value[],
  seeds: readonly Value[],
): { outputs: NamedOutput[]; marks: readonly NamedOutput[] } {
  const { b, cut, entry, x, entries, parameters } = stage
  const dense = parameters.filter(({ name }) => name !== TOKEN_EMBEDDING).map(({ name }) => name)
  const inner = dense.filter(name => name !== POSITION_EMBEDDING)
  const parts = entries.map((part, k) => ({ entry: part, end: ends[k]!, endGradient: seeds[k]! }))
  const { entryGradient, sums, marks } = reverseParts(b.g, parts, inner)
  // Before the parts lies nothing, or the embedding.
  const outer = reverse(b.g, new Map([[x.name, entryGradient]]), new Set([entry.name, ...dense]))
  const gradient = (name: string): Value => sums.get(name) ?? outer.get(name)!
  const outputs = [
    { name: cut.hasEmbedding ? `rows.${TOKEN_EMBEDDING}` : 'dx', value: gradient(entry.name) },
    ...dense.map(name => ({ name: `d.${name}`, value: gradient(name) })),
  ]
  return { outputs, marks }
}

/** @param marks values that nobody asks for (`parts.ts`) */
function serialise(
  g: Operators,
  name: string,
  outputs: readonly NamedOutput[],
  marks: readonly NamedOutput[] = [],
): Uint8Array {
  const whole = releaseEarly(graphOf(g, name, [...outputs, ...marks]))
  const graph = { ...whole, outputs: whole.outputs.slice(0, outputs.length) }
  return writeModel(makeModel(graph, { opsets: operatorSets([], graph, g.opset) }))
}
