/** What a hand's graphs read and write, wherever it lies: in the compute thread's memory, or in what hands share. */
import type { StageMemory } from './state.ts'

/** Input, output, and their gradients; rows of the embedding's gradient. */
export type BoundaryName = 'x' | 'y' | 'dx' | 'dy' | 'rows'

export interface GraphMemory {
  /** Part of the flat parameter vector. */
  parameters(start: number, count: number): Float32Array
  /** Part of the flat gradient. */
  gradient(start: number, count: number): Float32Array
  zeroGradient(start: number, count: number): void
  /** The first `values` of a boundary tensor's values that are this hand's. */
  boundary(name: BoundaryName, values: number): Float32Array
  /** Adds each token's row of `rows` to its row of the table whose gradient starts at `start`, token by token. */
  scatterRows(start: number, tokens: Uint8Array, width: number): void
}

/** The compute thread's: it has the first sequences of each micro-batch. */
export function graphMemoryOf(memory: StageMemory): GraphMemory {
  const { kernels } = memory
  const gradientAt = (start: number): number => memory.gradient + start * Float32Array.BYTES_PER_ELEMENT
  return {
    parameters: (start, count) => memory.floats(memory.state.theta + start * Float32Array.BYTES_PER_ELEMENT, count),
    gradient: (start, count) => memory.floats(gradientAt(start), count),
    zeroGradient: (start, count) => kernels.zero(gradientAt(start), count),
    boundary: (name, values) => memory.floats(memory[name], values),
    scatterRows: (start, tokens, width) => {
      memory.words(memory.ids, tokens.length).set(tokens)
      kernels.scatterAddRows(gradientAt(start), memory.rows, memory.ids, tokens.length, width)
    },
  }
}
