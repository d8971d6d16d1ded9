/**
 * The whole model in one graph of one process: what the swarm is held against. After the gradient nothing here is the
 * swarm's: no stages, no kernels, no momentum in the worker, no aggregation.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Batch } from '../../node/data/index.ts'
import { buildStageGraphs, type ParameterSpec, TOKEN_EMBEDDING } from '../../node/engine/models/index.ts'
import { cutModel } from '../../node/engine/partition/index.ts'
import { createInlineEngine } from '../../node/engine/runtime/index.ts'
import type { Manifest } from '../../protocols/wire/manifest.ts'

export interface Parameter {
  readonly name: string
  readonly shape: readonly number[]
  /** What the graph reads: whoever optimises writes here. */
  readonly values: Float32Array
  /** Of the last step. */
  readonly gradient: Float32Array
}

export class OneProcessModel {
  readonly parameters: readonly Parameter[]
  readonly #backward: InferenceSession
  readonly #evaluate: InferenceSession
  /** Gradients of the looked up rows of the token table, one a token. */
  readonly #rows: Float32Array
  readonly #width: number

  private constructor(
    backward: InferenceSession,
    evaluate: InferenceSession,
    parameters: readonly Parameter[],
    rows: { readonly tokens: number; readonly width: number },
  ) {
    this.parameters = parameters
    this.#backward = backward
    this.#evaluate = evaluate
    this.#rows = new Float32Array(rows.tokens * rows.width)
    this.#width = rows.width
  }

  /** @param sequences of a batch */
  static async create(manifest: Manifest, sequences: number, threads: number): Promise<OneProcessModel> {
    const { model } = manifest
    const [cut] = cutModel(model, 1, sequences)
    const graphs = buildStageGraphs(model, cut!, sequences, threads)
    // The swarm's initialisation, so that both start from one point.
    const engine = await createInlineEngine({ manifest, cut: cut!, replicas: 1, threads: 1 })
    const initial = await engine.parameters()
    await engine.dispose()
    return new OneProcessModel(
      await createSession(graphs.backward, threads),
      await createSession(graphs.evaluate!, threads),
      parametersOf(graphs.parameters, initial),
      { tokens: sequences * model.sequence, width: model.width },
    )
  }

  /** Sets every parameter's `gradient`. @returns the mean loss, nats a token */
  async step({ tokens, targets }: Batch): Promise<number> {
    const loss = new Float32Array(1)
    const outputs: Record<string, Tensor> = { loss: new Tensor(loss, [1]) }
    for (const { name, shape, gradient } of this.parameters) {
      if (name === TOKEN_EMBEDDING) outputs[`rows.${name}`] = new Tensor(this.#rows, [tokens.length, this.#width])
      else outputs[`d.${name}`] = new Tensor(gradient, shape)
    }
    await this.#backward.run(this.#inputs(this.#backward, { tokens, targets }), outputs)
    this.#addRows(tokens)
    return loss[0]!
  }

  /** Mean loss over batches, nats a token. */
  async evaluate(batches: readonly Batch[]): Promise<number> {
    const loss = new Float32Array(1)
    let sum = 0
    for (const batch of batches) {
      await this.#evaluate.run(this.#inputs(this.#evaluate, batch), { loss: new Tensor(loss, [1]) })
      sum += loss[0]!
    }
    return sum / batches.length
  }

  async dispose(): Promise<void> {
    await this.#backward.release()
    await this.#evaluate.release()
  }

  #inputs(session: InferenceSession, { tokens, targets }: Batch): Record<string, Tensor> {
    const inputs: Record<string, Tensor> = { tokens: tokenTensor(tokens), targets: tokenTensor(targets) }
    for (const { name, shape, values } of this.parameters) {
      if (session.inputNames.includes(name)) inputs[name] = new Tensor(values, shape)
    }
    return inputs
  }

  #addRows(tokens: Uint8Array): void {
    const table = this.parameters.find(({ name }) => name === TOKEN_EMBEDDING)!.gradient.fill(0)
    const width = this.#width
    for (const [at, token] of tokens.entries()) {
      for (let column = 0; column < width; column++) table[token * width + column]! += this.#rows[at * width + column]!
    }
  }
}

function parametersOf(specs: readonly ParameterSpec[], initial: Float32Array): Parameter[] {
  let next = 0
  return specs.map(({ name, shape }) => {
    const count = shape.reduce((product, size) => product * size, 1)
    const values = initial.slice(next, next + count)
    next += count
    return { name, shape, values, gradient: new Float32Array(count) }
  })
}

function tokenTensor(tokens: Uint8Array): Tensor {
  return new Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length])
}

/** With onnxruntime's own defaults (memory arena, spinning threads): one process alone has no reason to be modest. */
function createSession(graph: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(graph, { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 })
}
