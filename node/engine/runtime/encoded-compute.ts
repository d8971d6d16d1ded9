/**
 * A stage's computation behind the run's encodings. Inside everything is f32; what enters is decoded, what leaves is encoded
 * and only then hashed, so that all replicas hash what travels.
 */
import { type Codec, codecOf } from '../../../protocols/wire/encodings.ts'
import type { Encoding } from '../../../protocols/wire/messages.ts'
import { isRefusal } from '../../../protocols/wire/refusals.ts'
import { freeBuffer } from './buffers.ts'
import type { EngineInit } from './channel.ts'
import { StageCompute } from './compute.ts'
import { F32_BYTES, MAX_F32 } from './constants.ts'
import { EngineError } from './errors.ts'
import { chunkLeaves } from './hashing.ts'
import type { StageInit } from './init.ts'
import { Int8Kernel } from './int8-kernel.ts'
import type { Cancelled, JobKind, JobRequest, JobResult } from './jobs.ts'
import type { EncodedCommit, StageInput, StageShape } from './types.ts'

/** What the compute thread and the inline engine do jobs with. */
export type Compute = Pick<StageCompute, 'shape' | 'run' | 'dispose'>

/** @throws EngineError as {@link StageCompute.create} */
export async function openCompute({ init, kernels, shared }: EngineInit): Promise<Compute> {
  const { gradient, activation } = init.manifest.encoding
  const compute = await StageCompute.create(init, kernels, shared)
  return gradient === 'f32' && activation === 'f32' ? compute : new EncodedCompute(compute, init, kernels)
}

type Edges = {
  readonly [K in JobKind]?: (request: JobRequest<K>, cancelled: Cancelled) => Promise<JobResult<K>>
}

class EncodedCompute implements Compute {
  readonly shape: StageShape
  readonly #compute: StageCompute
  readonly #gradient: Codec
  readonly #activation: Codec
  readonly #hasEmbedding: boolean
  readonly #bound: number

  constructor(compute: StageCompute, { cut, manifest }: StageInit, kernels: Uint8Array<ArrayBuffer>) {
    this.#compute = compute
    const most = Math.max(compute.shape.partitionValues, compute.shape.boundaryBytes / F32_BYTES)
    let int8: Int8Kernel | null = null
    const codec = (encoding: Encoding): Codec => {
      if (encoding !== 'int8') return codecOf(encoding)
      int8 ??= new Int8Kernel(kernels, most)
      return int8
    }
    this.#gradient = codec(manifest.encoding.gradient)
    this.#activation = codec(manifest.encoding.activation)
    this.#hasEmbedding = cut.hasEmbedding
    this.#bound = manifest.aggregation.bound
    const { boundaryBytes } = compute.shape
    this.shape = { ...compute.shape, boundaryBytes: this.#activation.encodedBytes(boundaryBytes / F32_BYTES) }
  }

  run<K extends JobKind>(kind: K, request: JobRequest<K>, cancelled: Cancelled): Promise<JobResult<K>> {
    const edge: Edges[K] = this.#edges[kind]
    return edge === undefined ? this.#compute.run(kind, request, cancelled) : edge(request, cancelled)
  }

  dispose(): Promise<void> {
    return this.#compute.dispose()
  }

  /** Jobs that take or give boundary tensors or partitions; the others are passed on as they are. */
  readonly #edges: Edges = {
    forward: async ({ input }, cancelled) => {
      const x = this.#input(input)
      const output = await this.#compute.run('forward', { input: x }, cancelled)
      freeCopies([[x, input]])
      return this.#outward(output, 'output activation')
    },

    backward: async ({ input, outputGradient, into }, cancelled) => {
      const x = this.#input(input)
      const dy = this.#boundary(outputGradient)
      const gradient = await this.#compute.run('backward', { input: x, outputGradient: dy, into }, cancelled)
      freeCopies([
        [x, input],
        [dy, outputGradient],
      ])
      return gradient === null ? null : this.#outward(gradient, 'input gradient')
    },

    head: async ({ input, targets, into }, cancelled) => {
      const x = this.#input(input)
      const { loss, inputGradient } = await this.#compute.run('head', { input: x, targets, into }, cancelled)
      freeCopies([[x, input]])
      return { loss, inputGradient: inputGradient === null ? null : this.#outward(inputGradient, 'input gradient') }
    },

    evaluate: async ({ input, targets }, cancelled) => {
      const x = this.#input(input)
      const loss = await this.#compute.run('evaluate', { input: x, targets }, cancelled)
      freeCopies([[x, input]])
      return loss
    },

    logits: ({ input }, cancelled) => this.#compute.run('logits', { input: this.#input(input) }, cancelled),

    commit: async (request, cancelled) => this.#encodeCommit(await this.#compute.run('commit', request, cancelled)),

    aggregate: async ({ partition, inputs }, cancelled) => {
      const decoded = inputs.map(input => this.#partition(partition, input))
      const combined = await this.#compute.run('aggregate', { partition, inputs: decoded }, cancelled)
      freeCopies(decoded.map((copy, index) => [copy, inputs[index]!]))
      return combined === null ? null : this.#encode(this.#gradient, combined)
    },

    checkPartition: async ({ partition, bytes }) =>
      this.#gradient.check(bytes, this.#valuesOf(partition), this.#bound) === null,

    execute: async ({ round, aggregate, wantFullRoot }, cancelled) => {
      const decoded = aggregate.map((bytes, partition) => this.#partition(partition, bytes))
      const execution = await this.#compute.run('execute', { round, aggregate: decoded, wantFullRoot }, cancelled)
      freeCopies(decoded.map((copy, index) => [copy, aggregate[index]!]))
      return execution
    },
  }

  #encodeCommit({ bytes }: EncodedCommit): EncodedCommit {
    const values = floatsOf(bytes)
    const { partitions, partitionValues } = this.shape
    const partitionBytes = this.#gradient.encodedBytes(partitionValues)
    const encoded = new Uint8Array((partitions - 1) * partitionBytes + this.#encodedBytes(partitions - 1))
    const starts = Array.from({ length: partitions }, (_, partition) => partition * partitionBytes)
    // Each by itself: a partition is what travels, and blocks of an encoding must not reach across two.
    for (const [partition, start] of starts.entries()) {
      const from = partition * partitionValues
      const part = this.#gradient.encode(values.subarray(from, from + partitionValues))
      // Rounding may lift a value over the bound, beyond which nobody would take the partition.
      if (this.#gradient.check(part, this.#valuesOf(partition), this.#bound) !== null)
        throw new EngineError('not-finite', 'encoded momentum')
      encoded.set(part, start)
      freeCopies([[part, bytes]])
    }
    freeBuffer(bytes.buffer)
    return { bytes: encoded, offsets: [...starts, encoded.length], leaves: chunkLeaves([encoded], partitionBytes) }
  }

  /** Tokens have no encoding. */
  #input(input: StageInput): StageInput {
    return this.#hasEmbedding ? input : this.#boundary(input)
  }

  #boundary(bytes: Uint8Array): Uint8Array {
    return decode(this.#activation, bytes, this.#boundaryValues, 'a boundary tensor')
  }

  #outward(bytes: Uint8Array, what: string): Uint8Array {
    const encoded = this.#encode(this.#activation, bytes)
    if (this.#activation.check(encoded, this.#boundaryValues, MAX_F32) !== null)
      throw new EngineError('not-finite', what)
    return encoded
  }

  /** What was computed is nobody's once it is encoded, unless both are the same bytes. */
  #encode(codec: Codec, bytes: Uint8Array): Uint8Array {
    const encoded = codec.encode(floatsOf(bytes))
    freeCopies([[bytes, encoded]])
    return encoded
  }

  #partition(partition: number, bytes: Uint8Array): Uint8Array {
    return decode(this.#gradient, bytes, this.#valuesOf(partition), `partition ${partition}`)
  }

  get #boundaryValues(): number {
    return this.#compute.shape.boundaryBytes / F32_BYTES
  }

  #encodedBytes(partition: number): number {
    return this.#gradient.encodedBytes(this.#valuesOf(partition))
  }

  #valuesOf(partition: number): number {
    const { partitions, partitionValues, parameters } = this.shape
    if (!Number.isInteger(partition) || partition < 0 || partition >= partitions)
      throw new EngineError('invalid-input', `there is no partition ${partition}`)
    return Math.min(partitionValues, parameters - partition * partitionValues)
  }
}

function decode(codec: Codec, bytes: Uint8Array, values: number, what: string): Uint8Array {
  const decoded = codec.decode(bytes, values)
  if (isRefusal(decoded)) throw new EngineError('invalid-input', `${what}: ${decoded.detail}`)
  return new Uint8Array(decoded.buffer, decoded.byteOffset, decoded.byteLength)
}

/**
 * Frees what a codec made for one job: a round's copies are some 20 MB, and the garbage collector of this thread, which makes
 * little else, comes rarely. After a job that failed they are left to it. A codec may share memory with what it was given.
 */
function freeCopies(copies: readonly (readonly [copy: Uint8Array, of: Uint8Array])[]): void {
  for (const [copy, of] of copies) if (copy.buffer !== of.buffer) freeBuffer(copy.buffer)
}

/** The engine's own bytes, aligned. */
function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / F32_BYTES)
}
