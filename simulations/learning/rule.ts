/** A run's rule over whole vectors, for attacks that try it: the product's kernels on a memory of their own. */
import { trimCount } from '../../consensus/aggregation/index.ts'
import { createMemory, Layout, RankKernels } from '../../node/engine/kernels/index.ts'
import type { AggregationConfig } from '../../protocols/wire/manifest.ts'

const F32_BYTES = 4

export type Rule = (vectors: readonly Float32Array[]) => Float32Array

/** @param inputs vectors at most @param values of a vector at most */
export function createRule({ rule, f }: AggregationConfig, inputs: number, values: number): Rule {
  const layout = new Layout()
  const room = (): number => layout.take(values * F32_BYTES)
  const addresses = Array.from({ length: inputs }, room)
  const output = room()
  const table = layout.take(inputs * Uint32Array.BYTES_PER_ELEMENT)
  const memory = createMemory(layout.bytes)
  const kernels = new RankKernels(memory)
  return vectors => {
    const length = vectors[0]!.length
    for (const [at, vector] of vectors.entries()) new Float32Array(memory.buffer, addresses[at], length).set(vector)
    new Uint32Array(memory.buffer, table, inputs).set(addresses)
    kernels.get(vectors.length, trimCount(rule, vectors.length, f))(table, output, length)
    return new Float32Array(memory.buffer, output, length).slice()
  }
}
