/**
 * The ONNX graphs of one stage, fed from the kernels' memory: parameters and boundary tensors go in as views, gradients
 * come out into it. Nothing here changes hashed state.
 */
import { buildStageGraphs, type StageGraphs } from '../models/index.ts'
import { F32_BYTES } from './constants.ts'
import { EngineError } from './errors.ts'
import {
  floatTensor,
  type Graph,
  type GraphRuntimeOptions,
  loadGraph,
  type Tensors,
  tokenTensor,
} from './graph-runtime.ts'
import type { StageInit, StagePlan } from './init.ts'
import type { StageMemory } from './state.ts'

type Models = StageGraphs
type GraphName = 'forward' | 'backward' | 'evaluate' | 'logits'

/** Names of graph values (`node/engine/models`). */
const GRADIENT = 'd.'
const ROWS = 'rows.'

export class StageSessions {
  readonly #models: Models
  readonly #memory: StageMemory
  readonly #init: StageInit
  readonly #plan: StagePlan
  readonly #options: GraphRuntimeOptions
  readonly #loaded = new Map<GraphName, Promise<Graph>>()

  private constructor(init: StageInit, plan: StagePlan, memory: StageMemory) {
    this.#models = buildStageGraphs(init.manifest.model, init.cut, init.manifest.batch.sequences, init.threads)
    this.#memory = memory
    this.#init = init
    this.#plan = plan
    this.#options = {
      threads: init.threads,
      ...(init.executionProviders === undefined ? {} : { executionProviders: init.executionProviders }),
    }
  }

  /**
   * Loads what training needs, so that a faulty model is found at the start; evaluation and logits when first asked for.
   * @throws EngineError `unsupported-op` or `malformed-model`
   */
  static async load(init: StageInit, plan: StagePlan, memory: StageMemory): Promise<StageSessions> {
    const sessions = new StageSessions(init, plan, memory)
    await sessions.#graph('backward')
    if (!init.cut.hasHead) await sessions.#graph('forward')
    return sessions
  }

  /** The output activation, into `memory.y`. */
  async forward(input: Uint8Array): Promise<void> {
    const graph = await this.#graph('forward')
    await graph.run(this.#inputs(graph, input, {}), { y: this.#boundary(this.#memory.y) })
  }

  /** Gradients of the parameters into `memory.gradient`, of the input into `memory.dx`; the output's stands in `memory.dy`. */
  async backward(input: Uint8Array): Promise<void> {
    const graph = await this.#graph('backward')
    await graph.run(this.#inputs(graph, input, { dy: this.#boundary(this.#memory.dy) }), this.#gradients(graph))
    this.#scatterRows(graph, input)
  }

  /** As {@link backward}, in the last stage. @returns the mean loss in nats a token */
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

  /** @returns the mean loss in nats a token */
  async evaluate(input: Uint8Array, targets: Uint8Array): Promise<number> {
    const graph = await this.#graph('evaluate')
    const loss = new Float32Array(1)
    await graph.run(this.#inputs(graph, input, { targets: tokenTensor(targets) }), { loss: floatTensor(loss, [1]) })
    return loss[0]!
  }

  /** @returns [tokens, vocabulary] */
  async logits(input: Uint8Array): Promise<Float32Array<ArrayBuffer>> {
    const graph = await this.#graph('logits')
    const { vocabulary } = this.#init.manifest.model
    const logits = new Float32Array(this.#plan.tokens * vocabulary)
    await graph.run(this.#inputs(graph, input, {}), { logits: floatTensor(logits, [this.#plan.tokens, vocabulary]) })
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
    const model = this.#models[name]
    if (model === null) throw new EngineError('invalid-input', `this stage has no graph "${name}"`)
    const loading = loadGraph(model, this.#options)
    this.#loaded.set(name, loading)
    return loading
  }

  #inputs(graph: Graph, input: Uint8Array, others: Tensors): Tensors {
    const { theta } = this.#memory.state
    const inputs: Record<string, Tensors[string]> = { ...others }
    // A pruned graph may not need every parameter, and refuses an input that it does not have.
    for (const { name, shape, start, count } of this.#plan.ranges) {
      if (!graph.inputs.includes(name)) continue
      inputs[name] = floatTensor(this.#memory.floats(theta + start * F32_BYTES, count), shape)
    }
    if (this.#init.cut.hasEmbedding) inputs['tokens'] = tokenTensor(input)
    else inputs['x'] = this.#boundary(this.#memory.x)
    return inputs
  }

  /** Where each gradient goes. A parameter that the graph has no gradient for keeps zero. */
  #gradients(graph: Graph): Tensors {
    const outputs: Record<string, Tensors[string]> = {}
    for (const { name, shape, start, count } of this.#plan.ranges) {
      const address = this.#memory.gradient + start * F32_BYTES
      if (graph.outputs.includes(GRADIENT + name)) {
        outputs[GRADIENT + name] = floatTensor(this.#memory.floats(address, count), shape)
        continue
      }
      this.#memory.kernels.zero(address, count)
      if (graph.outputs.includes(ROWS + name)) outputs[ROWS + name] = this.#boundary(this.#memory.rows)
    }
    if (graph.outputs.includes('dx')) outputs['dx'] = this.#boundary(this.#memory.dx)
    return outputs
  }

  #scatterRows(graph: Graph, tokens: Uint8Array): void {
    const table = this.#plan.ranges.find(({ name }) => graph.outputs.includes(ROWS + name))
    if (table === undefined) return
    const { kernels, gradient, rows, ids } = this.#memory
    this.#memory.words(ids, tokens.length).set(tokens)
    const width = table.shape[1]!
    kernels.scatterAddRows(gradient + table.start * F32_BYTES, rows, ids, tokens.length, width)
  }

  #boundary(address: number): Tensors[string] {
    const { width } = this.#init.manifest.model
    return floatTensor(this.#memory.floats(address, this.#plan.tokens * width), [this.#plan.tokens, width])
  }
}
