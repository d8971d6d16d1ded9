/**
 * How much of the time of a training step's graph is matrix products: the forward and backward of one stage against a graph
 * that holds only its products (each with its two backward ones), in one process, interleaved, so that the machine's mood
 * falls on both. Ratios travel between machines; the absolute figures do not.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { graphOf, Operators, operatorSets, type Value } from '../../node/engine/autodiff/index.ts'
import { buildStageGraphs } from '../../node/engine/models/index.ts'
import { DataType, makeModel, writeModel } from '../../node/engine/onnx/index.ts'
import { cutModel, stageFlops } from '../../node/engine/partition/index.ts'
import type { ModelConfig } from '../../protocols/wire/manifest.ts'
import { atLeast, type Benchmark, comparePairs, type Figure } from './measure.ts'

const CONFIG: ModelConfig = {
  preset: 'bench',
  layers: 4,
  width: 256,
  heads: 4,
  feedForward: 768,
  vocabulary: 256,
  sequence: 128,
}
const SEQUENCES = 16
const TARGET = atLeast(0.9)
const TURNS = 9
const THREADS = [1, 2]

export const engine: Benchmark = {
  about: 'forward and backward of d256 L4 h4 ff768 V256 B16 S128, beside a graph of its matrix products alone',
  run: benchEngine,
}

async function* benchEngine(signal: AbortSignal): AsyncGenerator<Figure> {
  const [cut] = cutModel(CONFIG, 1, SEQUENCES)
  const { forward, backward: back } = stageFlops(CONFIG, cut!, SEQUENCES)
  const gigaflops = (forward + back) / 1e9
  for (const threads of THREADS) {
    const { backward } = buildStageGraphs(CONFIG, cut!, SEQUENCES, threads)
    const step = await prepareRun(backward, threads)
    const products = await prepareRun(productsOnly(), threads)
    const rates: { step: number[]; products: number[] } = { step: [], products: [] }
    for (let turn = 0; turn < TURNS; turn++) {
      signal.throwIfAborted()
      rates.products.push(gigaflops / (await products()))
      rates.step.push(gigaflops / (await step()))
    }
    const name = `forward and backward, ${threads} thread${threads === 1 ? '' : 's'}`
    yield comparePairs({ name, unit: 'GFLOP/s' }, rates.step, rates.products, TARGET)
  }
}

/** Seconds of one run, as a function; the session is warmed up. */
async function prepareRun(model: Uint8Array, threads: number): Promise<() => Promise<number>> {
  const session = await InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  })
  const feeds: Record<string, Tensor> = {}
  for (const input of session.inputMetadata) {
    if (!input.isTensor) continue
    const shape = input.shape.map(Number)
    const count = shape.reduce((product, size) => product * size, 1)
    feeds[input.name] =
      input.type === 'int64'
        ? new Tensor(
            'int64',
            BigInt64Array.from({ length: count }, (_, at) => BigInt((at * 31) % CONFIG.vocabulary)),
            shape,
          )
        : new Tensor(
            'float32',
            Float32Array.from({ length: count }, (_, at) => Math.sin(at) * 0.05),
            shape,
          )
  }
  // The node too gives the runtime the buffers for the results.
  const fetches: Record<string, Tensor> = {}
  for (const [name, { dims }] of Object.entries(await session.run(feeds))) {
    const count = dims.reduce((product, size) => product * size, 1)
    fetches[name] = new Tensor('float32', new Float32Array(count), dims)
  }
  const run = async () => {
    const start = process.hrtime.bigint()
    await session.run(feeds, fetches)
    return Number(process.hrtime.bigint() - start) / 1e9
  }
  await run()
  return run
}

/** Every matrix product of the step, on inputs of its own; one element of each result leaves the graph. */
function productsOnly(): Uint8Array {
  const g = new Operators(17, 'g/')
  const { layers, width, heads, feedForward, vocabulary, sequence } = CONFIG
  const tokens = SEQUENCES * sequence
  const outputs: { name: string; value: Value }[] = []
  // Inputs of its own for every product, as in the step, so that neither graph finds them in the cache.
  let inputs = 0
  const input = (shape: readonly number[]) => g.input(`in.${inputs++}`, DataType.float32, shape)
  const keep = (value: Value) => {
    const first = value.shape.map(() => 0)
    const one = g.one('Slice', [value, g.integers(first), g.integers(first.map(() => 1))])
    outputs.push({ name: `out.${outputs.length}`, value: one })
  }
  const product = (rows: number, inner: number, columns: number, batch: readonly number[] = []) => {
    const a = input([...batch, rows, inner])
    const b = input([...batch, inner, columns])
    const dy = input([...batch, rows, columns])
    keep(g.product(a, b))
    keep(g.product(dy, b, { transposeB: true }))
    keep(g.product(a, dy, { transposeA: true }))
  }
  for (let layer = 0; layer < layers; layer++) {
    product(tokens, width, 3 * width)
    product(sequence, width / heads, sequence, [SEQUENCES, heads])
    product(sequence, sequence, width / heads, [SEQUENCES, heads])
    product(tokens, width, width)
    product(tokens, width, feedForward)
    product(tokens, feedForward, width)
  }
  product(tokens, width, vocabulary)
  const graph = graphOf(g, 'products', outputs)
  return writeModel(makeModel(graph, { opsets: operatorSets([], graph, g.opset) }))
}
