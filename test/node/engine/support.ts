/** Runs models in ONNX Runtime, and builds inputs, for the tests of the engine's graphs. */
import { env, InferenceSession, Tensor } from 'onnxruntime-node'
import { DataType, type Model, writeModel } from '../../../node/engine/onnx/index.ts'

/** Kernels that warn as they are made ask no session. */
env.logLevel = 'error'

export interface Feed {
  readonly type: DataType
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

export type Runner = (feeds: Readonly<Record<string, Feed>>) => Promise<Record<string, number[]>>

export async function openModel(model: Model | Uint8Array): Promise<Runner> {
  const bytes = model instanceof Uint8Array ? model : writeModel(model)
  const session = await InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  return async feeds => {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toTensor(feed)]))
    const results = await session.run(tensors)
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, numbers(tensor)]))
  }
}

function numbers(tensor: Tensor): number[] {
  const { data } = tensor
  if (Array.isArray(data)) throw new TypeError('strings are not numbers')
  return Array.from<number | bigint, number>(data, Number)
}

function toTensor({ type, shape, data }: Feed): Tensor {
  switch (type) {
    case DataType.int64:
      return new Tensor('int64', BigInt64Array.from(data, BigInt), shape)
    case DataType.int32:
      return new Tensor('int32', Int32Array.from(data), shape)
    case DataType.bool:
      return new Tensor('bool', Uint8Array.from(data), shape)
    case DataType.float64:
      return new Tensor('float64', Float64Array.from(data), shape)
    default:
      return new Tensor('float32', Float32Array.from(data), shape)
  }
}

/** Deterministic numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}

/** Largest difference, relative to the largest magnitude of the reference. */
export function relativeError(actual: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs), 1e-12)
  return Math.max(...expected.map((value, at) => Math.abs(value - (actual[at] ?? Number.NaN)))) / scale
}
