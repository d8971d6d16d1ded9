/** The memory of a stage: what is hashed (twice: the state and its shadow), what is not, and room for one micro-batch. */
import { createMemory, instantiateKernels, type Kernels, Layout, MAX_RANK_INPUTS } from '../kernels/index.ts'
import { F32_BYTES } from './constants.ts'

/** Addresses of one copy of the hashed state: parameters, second moments, last aggregate. */
export interface StateRegions {
  readonly theta: number
  readonly v: number
  readonly a: number
}

export interface MemorySizes {
  /** Values of the flat parameter vector. */
  readonly parameters: number
  /** Tokens in a micro-batch. */
  readonly tokens: number
  /** Values of a boundary tensor. */
  readonly boundary: number
}

/** Values of each input that are combined at a time: 16 of them fill half of a 1 MiB L2 cache. */
export const BLOCK_VALUES = 2048

export class StageMemory {
  readonly kernels: Kernels
  readonly parameters: number
  readonly momentum: number
  readonly accumulators: { readonly lane: number; readonly 'off-lane': number }
  /** Gradients of one micro-batch; between micro-batches, room for one vector. */
  readonly gradient: number
  /** Boundary tensors: input, output, and their gradients. */
  readonly x: number
  readonly y: number
  readonly dx: number
  readonly dy: number
  /** Rows of the embedding's gradient, and the token of each (u32). */
  readonly rows: number
  readonly ids: number
  /** Addresses of the blocks below, one block an input, and the combined block. */
  readonly table: number
  readonly blocks: readonly number[]
  readonly combined: number
  readonly #states: readonly [StateRegions, StateRegions]
  #current: 0 | 1 = 0

  constructor(kernels: Uint8Array<ArrayBuffer>, sizes: MemorySizes) {
    const layout = new Layout()
    const vector = (): number => layout.take(sizes.parameters * F32_BYTES)
    const boundary = (): number => layout.take(sizes.boundary * F32_BYTES)
    const block = (): number => layout.take(BLOCK_VALUES * F32_BYTES)
    const state = (): StateRegions => ({ theta: vector(), v: vector(), a: vector() })
    this.parameters = sizes.parameters
    this.#states = [state(), state()]
    this.momentum = vector()
    this.accumulators = { lane: vector(), 'off-lane': vector() }
    this.gradient = vector()
    this.x = boundary()
    this.y = boundary()
    this.dx = boundary()
    this.dy = boundary()
    this.rows = boundary()
    this.ids = layout.take(sizes.tokens * Uint32Array.BYTES_PER_ELEMENT)
    this.table = layout.take(MAX_RANK_INPUTS * Uint32Array.BYTES_PER_ELEMENT)
    this.blocks = Array.from({ length: MAX_RANK_INPUTS }, block)
    this.combined = block()
    this.kernels = instantiateKernels(kernels, createMemory(layout.bytes))
  }

  get state(): StateRegions {
    return this.#states[this.#current]
  }

  get shadow(): StateRegions {
    return this.#states[this.#current === 0 ? 1 : 0]
  }

  /** Makes the shadow the state, and the state the shadow. */
  swap(): void {
    this.#current = this.#current === 0 ? 1 : 0
  }

  floats(address: number, values: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#buffer, address, values)
  }

  bytes(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer, address, length)
  }

  words(address: number, length: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.#buffer, address, length)
  }

  /** Copies a whole parameter vector. */
  copyVector(to: number, from: number): void {
    this.floats(to, this.parameters).set(this.floats(from, this.parameters))
  }

  /** The three vectors of a state, in the order in which they are hashed and sent. */
  vectors({ theta, v, a }: StateRegions): Uint8Array<ArrayBuffer>[] {
    return [theta, v, a].map(address => this.bytes(address, this.parameters * F32_BYTES))
  }

  get #buffer(): ArrayBuffer {
    return this.kernels.memory.buffer
  }
}
