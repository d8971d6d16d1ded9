/**
 * The mean of the middle values, coordinate by coordinate, in WebAssembly generated for each (n, trim). Mean is trim 0,
 * the median trims all but one or two: one kernel for all rank rules (Yin et al. 2018).
 */
import { compileSelection } from './network/emit.ts'
import { selection } from './network/select.ts'

/** More seats than this in one stage need another algorithm: the code grows with n log(n)^2. */
export const MAX_RANK_INPUTS = 64

/**
 * @param table address of n input addresses, u32 each; the kernel may move them on
 * @param output address of the result
 * @param values number of f32 values; rounded up to a multiple of 4, so inputs and output must be padded
 */
export type RankKernel = (table: number, output: number, values: number) => void

const F32_BYTES = 4
const VALUES_PER_VECTOR = 4
const VECTOR_BYTES = 16

/**
 * Values a call. A function runs in V8's baseline code until it returns (WebAssembly loops are not replaced while they
 * run), so a long vector is walked in several calls.
 */
const CALL_VALUES = 16 * 1024

/** The rank kernels on one memory, compiled when first asked for (under 10 ms each) and kept. */
export class RankKernels {
  readonly #memory: WebAssembly.Memory
  readonly #kernels = new Map<string, RankKernel>()

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
  }

  /** @throws RangeError where n or trim is out of range */
  get(inputs: number, trim: number): RankKernel {
    const key = `${inputs}/${trim}`
    const known = this.#kernels.get(key)
    if (known !== undefined) return known
    const kernel = this.#compile(inputs, trim)
    this.#kernels.set(key, kernel)
    return kernel
  }

  #compile(inputs: number, trim: number): RankKernel {
    if (!Number.isInteger(inputs) || inputs < 1 || inputs > MAX_RANK_INPUTS) {
      throw new RangeError(`Cannot combine ${inputs} inputs: the limit is 1 to ${MAX_RANK_INPUTS}.`)
    }
    const module = new WebAssembly.Module(compileSelection(selection(inputs, trim)))
    const { reduce } = new WebAssembly.Instance(module, { env: { memory: this.#memory } }).exports
    if (typeof reduce !== 'function') throw new Error('The generated module exports no function.')
    const memory = this.#memory
    return (table, output, values) => {
      const addresses = values > CALL_VALUES ? new Uint32Array(memory.buffer, table, inputs) : null
      for (let from = 0; from < values; from += CALL_VALUES) {
        const count = Math.min(CALL_VALUES, values - from)
        reduce(table, output + F32_BYTES * from, Math.ceil(count / VALUES_PER_VECTOR) * VECTOR_BYTES)
        for (let k = 0; addresses !== null && k < inputs; k++) addresses[k]! += F32_BYTES * count
      }
    }
  }
}
