/**
 * A long micro-batch is computed in parts of whole sequences inside one graph: the operators between the products only move
 * memory, and what they move should still be in a cache. Forward and backward of a part are over before the next part
 * begins, so that a graph holds the activations of one part at a time.
 */
import type { ModelConfig } from '../../../protocols/wire/manifest.ts'
import { type NamedOutput, type Operators, reverse, type Value } from '../autodiff/index.ts'

/**
 * Rows of each part, at most, for each thread. At d256 and one thread 2048 rows take 4 % less time in parts of 512 than in
 * parts of 1024, and 9 % less than in one; 256 gain nothing more, and each part's nodes cost memory and loading time. Two
 * threads meet after every operator: parts of 512 cost them 10 % more than parts of 1024.
 */
const PART_ROWS_A_THREAD = 512

/** Rows of each part of a micro-batch. @param threads that compute one operation */
export function partSizes({ sequence }: ModelConfig, sequences: number, threads: number): number[] {
  const each = Math.max(1, Math.floor((PART_ROWS_A_THREAD * threads) / sequence))
  const count = Math.ceil(sequences / each)
  return Array.from(
    { length: count },
    (_, k) => sequence * (Math.floor(((k + 1) * sequences) / count) - Math.floor((k * sequences) / count)),
  )
}

/** Rows one after another, each part by itself: a Split would make all of them at once, long before the last is needed. */
export function cutRows(g: Operators, a: Value, sizes: readonly number[]): Value[] {
  let end = 0
  return sizes.map(rows => {
    end += rows
    return g.slice(a, 0, end - rows, end)
  })
}

export interface Part {
  /** What the blocks of this part read. */
  readonly entry: Value
  /** What they give, and the gradient of it. */
  readonly end: Value
  readonly endGradient: Value
}

export interface PartGradients {
  /** Of what the parts' entries were cut from. */
  readonly entryGradient: Value
  /** Of each parameter, summed over the parts. */
  readonly sums: ReadonlyMap<string, Value>
  /** To be outputs while a graph is put together, so that they are not pruned; nobody asks for them. */
  readonly marks: readonly NamedOutput[]
}

/** @param parameters names of those whose gradients are wanted */
export function reverseParts(g: Operators, parts: readonly Part[], parameters: readonly string[]): PartGradients {
  const sums = new Map<string, Value>()
  const entries: Value[] = []
  const marks: NamedOutput[] = []
  for (const [index, { entry, end, endGradient }] of [...parts.entries()].reverse()) {
    const found = reverse(g, new Map([[end.name, endGradient]]), new Set([entry.name, ...parameters]))
    const entryGradient = found.get(entry.name)!
    entries.unshift(entryGradient)
    for (const name of parameters) {
      const [earlier, later] = [sums.get(name), found.get(name)!]
      sums.set(name, earlier === undefined ? later : g.accumulate(earlier, later))
    }
    if (index > 0) marks.push({ name: `part.${index}`, value: mark(g, [entryGradient, ...sums.values()]) })
  }
  return { entryGradient: g.concat(entries, 0), sums, marks }
}

/**
 * A number that needs all of `values` and costs nothing. ONNX Runtime computes what its last nodes need, one last node after
 * the other (`autodiff/order.ts`): this one makes it finish a part, latest value first, where the parameters' gradients,
 * which need all parts, would make it go through them side by side.
 */
function mark(g: Operators, values: readonly Value[]): Value {
  return g.one(
    'Max',
    values.map(value => g.one('Size', [value])),
  )
}
