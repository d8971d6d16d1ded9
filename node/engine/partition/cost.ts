/** What a stage costs: its time, and a little for its memory. */

/** A stage holds parameters, gradient, momentum, second moment and their shadow: bytes that one parameter keeps in memory. */
export const BYTES_PER_PARAMETER = 24

/**
 * What a byte of memory costs next to a floating point operation. Time decides; among cuts of about equal time this prefers
 * the one whose largest stage fits smaller machines. 1 flop a byte is some 1 % of a micro-batch's time at the preset sizes.
 */
const FLOPS_PER_BYTE = 1

export function weigh(flops: number, bytes: number): number {
  return flops + FLOPS_PER_BYTE * bytes
}
