/**
 * Checks and combines encoded partitions. Inputs come as separate arrays; they pass through the kernels' memory block by
 * block, so that they are read from memory once, whatever their number and size.
 */
import { trimCount } from '../../../consensus/aggregation/index.ts'
import type { AggregationConfig } from '../../../protocols/wire/manifest.ts'
import { F32_BYTES } from './constants.ts'
import { BLOCK_VALUES, type StageMemory } from './state.ts'

/** True where all of the f32 values are finite and |x| <= bound. The length must be a multiple of 4. */
export function withinBound(memory: StageMemory, encoded: Uint8Array, bound: number): boolean {
  const block = memory.combined
  for (let at = 0; at < encoded.length; at += BLOCK_VALUES * F32_BYTES) {
    const length = copyBlock(memory, block, encoded, at)
    if (memory.kernels.withinBound(block, bound, length / F32_BYTES) === 0) return false
  }
  return true
}

/**
 * The rule over inputs of one length, in the order given: each output is a function of the inputs at its place alone.
 * @returns null where an input or the result is not finite or out of bounds
 */
export function combine(
  memory: StageMemory,
  inputs: readonly Uint8Array[],
  { rule, f, bound }: AggregationConfig,
): Uint8Array<ArrayBuffer> | null {
  const { kernels, blocks, combined, table } = memory
  const reduce = kernels.rank.get(inputs.length, trimCount(rule, inputs.length, faultsAmong(inputs.length, f)))
  const output = new Uint8Array(inputs[0]!.length)
  for (let at = 0; at < output.length; at += BLOCK_VALUES * F32_BYTES) {
    let length = 0
    for (const [k, input] of inputs.entries()) {
      length = copyBlock(memory, blocks[k]!, input, at)
      if (kernels.withinBound(blocks[k]!, bound, length / F32_BYTES) === 0) return null
    }
    memory.words(table, inputs.length).set(blocks.slice(0, inputs.length))
    reduce(table, combined, length / F32_BYTES)
    if (kernels.withinBound(combined, bound, length / F32_BYTES) === 0) return null
    output.set(memory.bytes(combined, length), at)
  }
  return output
}

/**
 * The manifest's f caps the trimming. Agreement never seals fewer than 2f + 1 inputs of a group that tolerates f, so the
 * second bound only counts in groups too small for the manifest's f; with it the rule is total.
 */
function faultsAmong(inputs: number, f: number): number {
  return Math.min(f, Math.floor((inputs - 1) / 2))
}

function copyBlock(memory: StageMemory, address: number, from: Uint8Array, at: number): number {
  const part = from.subarray(at, at + BLOCK_VALUES * F32_BYTES)
  memory.bytes(address, part.length).set(part)
  return part.length
}
