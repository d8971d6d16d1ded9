/** Kernels on a memory of a test's own, with arrays in and out. */
import { createMemory, instantiateKernels, type Kernels, loadKernels } from '../../../../node/engine/kernels/index.ts'

const bytes = await loadKernels()

export interface Bench {
  readonly kernels: Kernels
  /** Copies values into the memory; the region is followed by NaN, which a read beyond its end would catch. */
  put(values: ArrayLike<number>): number
  /** A region of `n` zeros. */
  room(n: number): number
  get(address: number, n: number): Float32Array
}

const MEMORY_BYTES = 1 << 20

export function makeBench(memoryBytes: number = MEMORY_BYTES): Bench {
  const kernels = instantiateKernels(bytes, createMemory(memoryBytes))
  let next = 1024
  const room = (n: number): number => {
    const address = next
    next += Math.ceil((n * 4) / 64) * 64 + 64
    new Float32Array(kernels.memory.buffer, address + n * 4, 8).fill(Number.NaN)
    return address
  }
  return {
    kernels,
    room,
    put: values => {
      const address = room(values.length)
      new Float32Array(kernels.memory.buffer, address, values.length).set(values)
      return address
    },
    get: (address, n) => new Float32Array(kernels.memory.buffer, address, n).slice(),
  }
}

/** Combines equally long inputs with the generated kernel for (n, trim). */
export function combineWith(bench: Bench, inputs: readonly ArrayLike<number>[], trim: number): Float32Array {
  const values = inputs[0]!.length
  const padded = Math.ceil(values / 4) * 4
  const addresses = inputs.map(input => bench.put(Float32Array.from({ length: padded }, (_, i) => input[i] ?? 0)))
  const table = bench.room(inputs.length)
  new Uint32Array(bench.kernels.memory.buffer, table, inputs.length).set(addresses)
  const output = bench.room(padded)
  bench.kernels.rank.get(inputs.length, trim)(table, output, values)
  return bench.get(output, values)
}
