/**
 * What runs ONNX graphs, over onnxruntime-common's types: in Node its native binding, elsewhere onnxruntime-web with the
 * same graphs. `run` blocks the calling thread for as long as the graph takes.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { freeBuffer } from './buffers.ts'
import { EngineError } from './errors.ts'

export type Tensors = Readonly<Record<string, Tensor>>

export interface Graph {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Computes the outputs named in `outputs` into the tensors given. */
  run(inputs: Tensors, outputs: Tensors): Promise<void>
  dispose(): Promise<void>
}

export interface GraphRuntimeOptions {
  /** Threads of one operation. */
  readonly threads: number
  readonly executionProviders?: readonly string[]
}

/** @throws EngineError `unsupported-op` or `malformed-model` */
export async function loadGraph(model: Uint8Array, options: GraphRuntimeOptions): Promise<Graph> {
  const session = await createSession(model, options)
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: async (inputs, outputs) => {
      try {
        release(await session.run(inputs, outputs), outputs)
      } catch (error) {
        throw new EngineError('internal', textOf(error))
      }
    },
    dispose: () => session.release(),
  }
}

/**
 * onnxruntime-node answers with copies of the tensors that it was given to write to. They are freed here and now: the garbage
 * collector lets some 40 MB of them gather first.
 */
function release(results: Tensors, given: Tensors): void {
  for (const [name, { data }] of Object.entries(results)) {
    const own = given[name]?.data
    if (ArrayBuffer.isView(data) && ArrayBuffer.isView(own) && data.buffer !== own.buffer) freeBuffer(data.buffer)
  }
}

export function floatTensor(values: Float32Array, shape: readonly number[]): Tensor {
  return new Tensor('float32', values, shape)
}

export function tokenTensor(tokens: Uint8Array): Tensor {
  return new Tensor('int64', BigInt64Array.from(tokens, BigInt), [tokens.length])
}

async function createSession(
  model: Uint8Array,
  { threads, executionProviders }: GraphRuntimeOptions,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // 649 MB with it, 419 MB without, for d256 L4 (design/dependencies.md).
      enableMemPattern: false,
      // Without it every operator takes its result from malloc, and a peer's malloc gives large blocks back at once
      // (`node/local/programs.ts`): page faults then cost half as much again as the computation, for 15 MB less.
      enableCpuMemArena: true,
      logSeverityLevel: 3,
      // Several nodes share a machine; a spinning thread takes a core from another one.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      // An option that is there but undefined is refused.
      ...(executionProviders === undefined ? {} : { executionProviders }),
    })
  } catch (error) {
    throw modelError(textOf(error))
  }
}

/** How onnxruntime says that it lacks an operation, with the groups node and op. */
const UNSUPPORTED = [
  /In Node, \("(?<node>[^"]*)", (?<op>[\w.:]+), .*(?:No Op registered|No opset import)/,
  /Could not find an implementation for (?<op>[\w.:]+)\(\d+\) node with name '(?<node>[^']*)'/,
  /\((?<node>[^()]*)\) ?:.*?(?<op>[\w.:]+)\(-?\d+\) is not a registered function\/op/,
  /(?<op>[\w.:]+)\(-?\d+\) is not a registered function\/op/,
  /No Op registered for (?<op>[\w.:]+)/,
] as const

/** @param text what the runtime said */
export function modelError(text: string): EngineError {
  for (const pattern of UNSUPPORTED) {
    const groups = pattern.exec(text)?.groups
    if (groups === undefined) continue
    const { node, op } = groups
    return new EngineError('unsupported-op', text, { ...(node ? { node } : {}), ...(op ? { op } : {}) })
  }
  return new EngineError('malformed-model', text)
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
