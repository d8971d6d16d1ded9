/**
 * How much of the time of a training step is matrix products: forward and backward of one stage against a graph that holds
 * only its products (each with its two backward ones), in one process, interleaved, so that the machine's mood falls on both.
 * At one thread the step's graph by itself, at two the whole engine, accumulation and messages included. Ratios travel
 * between machines; the absolute figures do not.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { graphOf, Operators, operatorSets, type Value } from '../../node/engine/autodiff/index.ts'
import { buildStageGraphs, type StageCut } from '../../node/engine/models/index.ts'
import { DataType, makeModel, writeModel } from '../../node/engine/onnx/index.ts'
import { cutModel, stageFlops } from '../../node/engine/partition/index.ts'
import { createStageEngine, type EngineManifest } from '../../node/engine/runtime/index.ts'
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

/** What a training step of {@link CONFIG} needs to know of a run; what the kernels would do with the rest is not measured. */
const MANIFEST: EngineManifest = {
  model: CONFIG,
  batch: { sequences: SEQUENCES, target: 1, slack: 1 },
  optimizer: {
    name: 'adamw',
    beta1: 0.9,
    beta2: 0.95,
    epsilon: 1e-8,
    weightDecay: 0.1,
    learningRate: 1e-3,
    warmupRounds: 1,
    decayRounds: 1,
    learningRateFloor: 1e-3,
    secondMoment: 'difference',
    aggregateClip: 1,
    backwardClip: 1,
  },
  aggregation: { rule: 'mean', f: 0, bound: 1e4 },
  seed: 1,
  encoding: { gradient: 'f32', activation: 'f32' },
}

interface Step {
  /** @returns seconds */
  run(): Promise<number>
  dispose(): Promise<void>
}

const VARIANTS: readonly { readonly name: string; readonly threads: number; open(): Promise<Step> }[] = [
  {
    name: 'forward and backward, 1 thread',
    threads: 1,
    open: () => openGraph(buildStageGraphs(CONFIG, wholeModel(), SEQUENCES).backward, 1),
  },
  { name: 'forward, backward and accumulation by the engine, 2 threads', threads: 2, open: () => openEngine(2) },
]

export const engine: Benchmark = {
  about: 'forward and backward of d256 L4 h4 ff768 V256 B16 S128, beside a graph of its matrix products alone',
  run: benchEngine,
}

async function* benchEngine(signal: AbortSignal): AsyncGenerator<Figure> {
  const { forward, backward } = stageFlops(CONFIG, wholeModel(), SEQUENCES)
  const gigaflops = (forward + backward) / 1e9
  for (const { name, threads, open } of VARIANTS) {
    const step = await open()
    const products = await openGraph(productsOnly(), threads)
    const rates: { step: number[]; products: number[] } = { step: [], products: [] }
    for (let turn = 0; turn < TURNS; turn++) {
      signal.throwIfAborted()
      rates.products.push(gigaflops / (await products.run()))
      rates.step.push(gigaflops / (await step.run()))
    }
    yield comparePairs({ name, unit: 'GFLOP/s' }, rates.step, rates.products, TARGET)
    await Promise.all([step.dispose(), products.dispose()])
  }
}

function wholeModel(): StageCut {
  return cutModel(CONFIG, 1, SEQUENCES)[0]!
}

/** Micro-batches as a peer computes them; the engine is warmed up. */
async function openEngine(threads: number): Promise<Step> {
  const opened = await createStageEngine({ manifest: MANIFEST, cut: wholeModel(), replicas: 1, threads })
  const tokens = Uint8Array.from({ length: SEQUENCES * CONFIG.sequence }, (_, at) => (at * 31) % CONFIG.vocabulary)
  const run = () => timed(() => opened.head(tokens, tokens, 'lane'))
  await run()
  return { run, dispose: () => opened.dispose() }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - start) / 1e9
}

/** One graph by itself; the session is warmed up. */
async function openGraph(model: Uint8Array, threads: number): Promise<Step> {
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
  const run = () => timed(() => session.run(feeds, fetches))
  await run()
  return { run, dispose: () => session.release() }
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
