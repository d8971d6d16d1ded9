/** What a hand has for itself: a gradient and two accumulators, in kernels of its own. The rest it shares. */
import { createMemory, instantiateKernels, type Kernels, Layout } from '../../kernels/index.ts'
import { F32_BYTES } from '../constants.ts'
import type { BoundaryName, GraphMemory } from '../graph-memory.ts'
import type { StagePlan } from '../init.ts'
import type { Accumulator } from '../types.ts'
import type { SharedMemory } from './shared.ts'

/** Which of the micro-batch's rows are a hand's. */
export interface Rows {
  readonly start: number
  readonly tokens: number
  readonly width: number
}

export class HandMemory implements GraphMemory {
  readonly #kernels: Kernels
  readonly #shared: SharedMemory
  readonly #parameters: number
  readonly #rows: Rows
  readonly #gradient: number
  readonly #accumulators: Readonly<Record<Accumulator, number>>
  readonly #tableRows: number
  readonly #ids: number

  constructor(kernels: Uint8Array<ArrayBuffer>, shared: SharedMemory, { shape }: StagePlan, rows: Rows) {
    const layout = new Layout()
    const vector = (): number => layout.take(shape.parameters * F32_BYTES)
    this.#shared = shared
    this.#parameters = shape.parameters
    this.#rows = rows
    this.#gradient = vector()
    this.#accumulators = { lane: vector(), 'off-lane': vector() }
    this.#tableRows = layout.take(rows.tokens * rows.width * F32_BYTES)
    this.#ids = layout.take(rows.tokens * Uint32Array.BYTES_PER_ELEMENT)
    this.#kernels = instantiateKernels(kernels, createMemory(layout.bytes))
  }

  parameters(start: number, count: number): Float32Array {
    return this.#shared.theta.subarray(start, start + count)
  }

  gradient(start: number, count: number): Float32Array {
    return this.#floats(this.#gradient + start * F32_BYTES, count)
  }

  zeroGradient(start: number, count: number): void {
    this.#kernels.zero(this.#gradient + start * F32_BYTES, count)
  }

  boundary(name: BoundaryName, values: number): Float32Array {
    if (name === 'rows') return this.#floats(this.#tableRows, values)
    const start = this.#rows.start * this.#rows.width
    return this.#shared[name].subarray(start, start + values)
  }

  scatterRows(start: number, tokens: Uint8Array, width: number): void {
    new Uint32Array(this.#kernels.memory.buffer, this.#ids, tokens.length).set(tokens)
    const table = this.#gradient + start * F32_BYTES
    this.#kernels.scatterAddRows(table, this.#tableRows, this.#ids, tokens.length, width)
  }

  gradientWithin(bound: number): boolean {
    return this.#kernels.withinBound(this.#gradient, bound, this.#parameters) === 1
  }

  accumulate(into: Accumulator): void {
    this.#kernels.add(this.#accumulators[into], this.#gradient, this.#parameters)
  }

  give(from: Accumulator, to: Float32Array): void {
    to.set(this.#floats(this.#accumulators[from], this.#parameters))
    this.#kernels.zero(this.#accumulators[from], this.#parameters)
  }

  zero(): void {
    for (const address of Object.values(this.#accumulators)) this.#kernels.zero(address, this.#parameters)
  }

  #floats(address: number, values: number): Float32Array {
    return new Float32Array(this.#kernels.memory.buffer, address, values)
  }
}
