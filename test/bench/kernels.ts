/**
 * The aggregation kernel against reading its inputs once: 8 and 16 vectors of 10 M f32 (40 MB each, so nothing stays in a
 * cache), both walks over the same WebAssembly memory on one thread, in turns. The bound is a kernel too (`readSum`): four
 * SIMD sums, which is as fast as one thread reads memory; a figure of the machine's whole bandwidth would be unreachable.
 */

import { createMemory, instantiateKernels, Layout, loadKernels } from '../../node/engine/kernels/index.ts'
import { faultsOf } from '../../node/run/defaults.ts'
import { atMost, type Benchmark, comparePairs, type Figure } from './measure.ts'

const VALUES = 10_000_000
const F32_BYTES = 4
const TURNS = 7
const TARGET = atMost(1.5)

export const kernels: Benchmark = {
  about: `trimmed mean of vectors of ${VALUES / 1e6} M f32, beside reading all of them once (one thread, memory)`,
  run: benchKernels,
}

async function* benchKernels(signal: AbortSignal): AsyncGenerator<Figure> {
  const bytes = await loadKernels()
  for (const count of [8, 16]) {
    const layout = new Layout()
    const inputs = Array.from({ length: count }, () => layout.take(VALUES * F32_BYTES))
    const output = layout.take(VALUES * F32_BYTES)
    const table = layout.take(count * Uint32Array.BYTES_PER_ELEMENT)
    const { memory, rank, readSum, fillNormal } = instantiateKernels(bytes, createMemory(layout.bytes))
    inputs.forEach((input, key) => {
      fillNormal(input, BigInt(key + 1), 1, VALUES)
    })
    const trim = faultsOf(count)
    const reduce = rank.get(count, trim)
    const aggregate = (): void => {
      new Uint32Array(memory.buffer, table, count).set(inputs)
      reduce(table, output, VALUES)
    }
    const read = (): void => {
      for (const input of inputs) readSum(input, VALUES)
    }
    const times: { aggregate: number[]; read: number[] } = { aggregate: [], read: [] }
    for (let turn = 0; turn <= TURNS; turn++) {
      signal.throwIfAborted()
      const pair = { read: timeMs(read), aggregate: timeMs(aggregate) }
      // The first turn touches the output's pages and lets V8 compile.
      if (turn === 0) continue
      times.read.push(pair.read)
      times.aggregate.push(pair.aggregate)
    }
    const name = `trimmed mean of ${count}, f = ${trim}`
    yield comparePairs({ name, unit: 'ms' }, times.aggregate, times.read, TARGET)
  }
}

function timeMs(work: () => void): number {
  const startMs = performance.now()
  work()
  return performance.now() - startMs
}
