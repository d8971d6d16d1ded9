/**
 * The ONNX graphs of one stage, for a hand's share of each micro-batch, fed from the hand's memory: parameters and boundary
 * tensors go in as views, gradients come out into it. Nothing here changes hashed state.
 */
import { buildStageGraphs, type StageGraphs } from '../models/index.ts'
import { EngineError } from './errors.ts'
import type { BoundaryName, GraphMemory } from './graph-memory.ts'
import {
  floatTensor,
  type Graph,
  type GraphRuntimeOptions,
  loadGraph,
  type Tensors,
  tokenTensor,
} from './graph-runtime.ts'
import type { StageInit, StagePlan } from './init.ts'

type GraphName = 'forward' | 'backward' | 'evaluate' | 'logits'

/** Names of graph values (`node/engine/models`). */
const GRADIENT = 'd.'
const ROWS = 'rows.'

export interface Share {
  /** Of the micro-batch's sequences. */
  readonly sequences: number
  /** Threads of one operation. */
  readonly threads: number
}

export class StageSessions {
  readonly #models: StageGraphs
  readonly #memory: GraphMemory
  readonly #init: StageInit
  readonly #plan: StagePlan
  readonly #share: Share
  readonly #loaded = new Map<GraphName, Promise<Graph>>()

  private constructor(init: StageInit, plan: StagePlan, share: Share, memory: GraphMemory) {
    const { model, batch } = init.manifest
    this.#models = buildStageGraphs(model, init.cut, share.sequences, share.threads, batch.sequences)
    this.#memory = memory
    this.#init = init
    this.#plan = plan
    this.#share = share
  }

  /**
   * Loads what training needs, so that a faulty model is found at the start; evaluation and logits when first asked for.
   * @throws EngineError `unsupported-op` or `malformed-model`
   */
  static async load(init: StageInit, plan: StagePlan, share: Share, memory: GraphMemory): Promise<StageSessions> {
    const sessions = new StageSessions(init, plan, share, memory)
    await sessions.#graph('backward')
    if (!init.cut.hasHead) await sessions.#graph('forward')
    return sessions
  }

  /** Tokens of the share. */
  get tokens(): number {
    return this.#share.sequences * this.#init.manifest.model.sequence
  }

  /** The output activation, into `y`. @param input tokens of the share; not read where `x` is the input */
  async forward(input: Uint8Array): Promise<void> {
    const graph = await this.#graph('forward')
    await graph.run(this.#inputs(graph, input, {}), { y: this.#boundary('y') })
  }

  /** Gradients of the parameters into the gradient, of the input into `dx`; the output's stands in `dy`. */
  async backward(input: Uint8Array): Promise<void> {
    const graph = await this.#graph('backward')
    await graph.run(this.#inputs(graph, input, { dy: this.#boundary('dy') }), this.#gradients(graph))
    this.#scatterRows(graph, input)
  }

  /** As {@link backward}, in the last stage. @returns what the share adds to the mean loss, nats a token */
  async head(input: Uint8Array, targets: Uint8Array): Promise<number> {
    const graph = await this.#graph('backward')
    const loss = new Float32Array(1)
    await graph.run(this.#inputs(graph, input, { targets: tokenTensor(targets) }), {
      ...this.#gradients(graph),
      loss: floatTensor(loss, [1]),
    })
    this.#scatterRows(graph, input)
    return loss[0]!
  }

  /** @returns what the share adds to the mean loss, nats a token */
  async evaluate(input: Uint8Array, targets: Uint8Array): Promise<number> {
    const graph = await this.#graph('evaluate')
    const loss = new Float32Array(1)
    await graph.run(this.#inputs(graph, input, { targets: tokenTensor(targets) }), { loss: floatTensor(loss, [1]) })
    return loss[0]!
  }

  /** Of the whole micro-batch, whatever the share. @returns [tokens, vocabulary] */
  async logits(input: Uint8Array): Promise<Float32Array<ArrayBuffer>> {
    const graph = await this.#graph('logits')
    const { tokens } = this.#plan
    const { vocabulary } = this.#init.manifest.model
    const logits = new Float32Array(tokens * vocabulary)
    await graph.run(this.#inputs(graph, input, {}, tokens), { logits: floatTensor(logits, [tokens, vocabulary]) })
    return logits
  }

  async dispose(): Promise<void> {
    const graphs = await Promise.allSettled(this.#loaded.values())
    this.#loaded.clear()
    for (const graph of graphs) if (graph.status === 'fulfilled') await graph.value.dispose()
  }

  #graph(name: GraphName): Promise<Graph> {
    const known = this.#loaded.get(name)
    if (known !== undefined) return known
    const isWhole = this.#share.sequences === this.#init.manifest.batch.sequences
    const loading = name === 'logits' && !isWhole ? this.#loadWholeLogits() : this.#load(this.#models[name], name)
    this.#loaded.set(name, loading)
    return loading
  }

  #loadWholeLogits(): Promise<Graph> {
    const { manifest, cut, threads } = this.#init
    const { logits } = buildStageGraphs(manifest.model, cut, manifest.batch.sequences, threads)
    return this.#load(logits, 'logits', threads)
  }

  #load(model: Uint8Array | null, name: GraphName, threads: number = this.#share.threads): Promise<Graph> {
    if (model === null) throw new EngineError('invalid-input', `this stage has no graph "${name}"`)
    const { executionProviders } = this.#init
    const options: GraphRuntimeOptions = {
      threads,
      ...(executionProviders === undefined ? {} : { executionProviders }),
    }
    return loadGraph(model, options)
  }

  #inputs(graph: Graph, input: Uint8Array, others: Tensors, tokens: number = this.tokens): Tensors {
    const inputs: Record<string, Tensors[string]> = { ...others }
    // A pruned graph may not need every parameter, and refuses an input that it does not have.
    for (const { name, shape, start, count } of this.#plan.ranges) {
      if (!graph.inputs.includes(name)) continue
      inputs[name] = floatTensor(this.#memory.parameters(start, count), shape)
    }
    if (this.#init.cut.hasEmbedding) inputs['tokens'] = tokenTensor(input)
    else inputs['x'] = this.#boundary('x', tokens)
    return inputs
  }

  /** Where each gradient goes. A parameter that the graph has no gradient for keeps zero. */
  #gradients(graph: Graph): Tensors {
    const outputs: Record<string, Tensors[string]> = {}
    for (const { name, shape, start, count } of this.#plan.ranges) {
      if (graph.outputs.includes(GRADIENT + name)) {
        outputs[GRADIENT + name] = floatTensor(this.#memory.gradient(start, count), shape)
        continue
      }
      this.#memory.zeroGradient(start, count)
      if (graph.outputs.includes(ROWS + name)) outputs[ROWS + name] = this.#boundary('rows')
    }
    if (graph.outputs.includes('dx')) outputs['dx'] = this.#boundary('dx')
    return outputs
  }

  #scatterRows(graph: Graph, tokens: Uint8Array): void {
    const table = this.#plan.ranges.find(({ name }) => graph.outputs.includes(ROWS + name))
    if (table !== undefined) this.#memory.scatterRows(table.start, tokens, table.shape[1]!)
  }

  #boundary(name: BoundaryName, tokens: number = this.tokens): Tensors[string] {
    const { width } = this.#init.manifest.model
    return floatTensor(this.#memory.boundary(name, tokens * width), [tokens, width])
  }
}
