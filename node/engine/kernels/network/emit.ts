/**
 * Compiles a selection to WebAssembly: `reduce(table, output, bytes)` reads n vectors whose addresses stand in `table`
 * (u32 each), and writes the mean of the kept values, `bytes` (a multiple of 16, at least 16) of it. One pass, all values
 * in SIMD registers (or the machine's stack, beyond 16), no branch that depends on data.
 *
 * Zeros of both signs are equal to `pmin` and `pmax`, so one of them may be kept twice; adding +0 to the result makes every
 * zero positive and the sign independent of the order. NaN must have been refused before.
 */
import { float, I32, memoryArgument, OP, signed, singleFunctionModule, unsigned, V128 } from './module.ts'
import type { Selection } from './select.ts'

const VECTOR_BYTES = 16
const ADDRESS_BYTES = 4
const TABLE = 0
const OUTPUT = 1
const BYTES = 2
const PARAMETERS = 3

export function compileSelection({ inputs, steps, kept }: Selection): Uint8Array<ArrayBuffer> {
  const offset = PARAMETERS
  const pointer = (input: number): number => PARAMETERS + 1 + input
  const wire = (index: number): number => PARAMETERS + 1 + inputs + index
  const spare = wire(inputs)

  const get = (local: number): number[] => [...OP.localGet, ...unsigned(local)]
  const set = (local: number): number[] => [...OP.localSet, ...unsigned(local)]
  const each = (emit: (input: number) => number[]): number[] => Array.from({ length: inputs }, (_, k) => emit(k)).flat()
  const pair = (low: number, high: number): number[] => [...get(wire(low)), ...get(wire(high))]

  const pointers = each(k => [
    ...[...get(TABLE), ...OP.i32Load, ...memoryArgument(2, k * ADDRESS_BYTES)],
    ...set(pointer(k)),
  ])
  const loads = each(k => [
    ...[...get(pointer(k)), ...get(offset), ...OP.i32Add, ...OP.v128Load, ...memoryArgument(2, 0)],
    ...set(wire(k)),
  ])
  const network = steps.flatMap(({ low, high, minimum, maximum }, index) => {
    const smaller = minimum ? [...pair(low, high), ...OP.f32x4Pmin] : []
    const larger = maximum ? [...pair(low, high), ...OP.f32x4Pmax, ...set(wire(high))] : []
    if (!minimum) return larger
    if (!maximum) return [...smaller, ...set(wire(low))]
    if (index % 2 === 1) return [...smaller, ...set(spare), ...larger, ...get(spare), ...set(wire(low))]
    // max = a ^ b ^ min. Half of the pairs take this way, because minima, maxima and sums share two of a core's units
    // while the others stand idle: 16 inputs take 12 % less time.
    const difference = [...pair(low, high), ...OP.v128Xor]
    return [...difference, ...smaller, ...OP.localTee, ...unsigned(wire(low)), ...OP.v128Xor, ...set(wire(high))]
  })
  const constant = (value: number): number[] => [...OP.f32Const, ...float(value), ...OP.f32x4Splat]
  const mean = [
    ...sum(kept.map(index => get(wire(index)))),
    ...(kept.length > 1 ? [...constant(kept.length), ...OP.f32x4Div] : []),
    ...[...constant(0), ...OP.f32x4Add],
  ]
  return singleFunctionModule(
    'reduce',
    PARAMETERS,
    [
      { type: I32, count: 1 + inputs },
      { type: V128, count: inputs + 1 },
    ],
    [
      ...pointers,
      ...OP.loop,
      ...loads,
      ...network,
      ...[...get(OUTPUT), ...get(offset), ...OP.i32Add, ...mean, ...OP.v128Store, ...memoryArgument(2, 0)],
      ...[...get(offset), ...OP.i32Const, ...signed(VECTOR_BYTES), ...OP.i32Add, ...OP.localTee, ...unsigned(offset)],
      ...[...get(BYTES), ...OP.i32LessUnsigned, ...OP.branchIf, ...unsigned(0)],
      ...OP.end,
    ],
  )
}

/** Sums pairwise: shorter chains of dependent additions, and a smaller rounding error, than one after the other. */
function sum(terms: readonly (readonly number[])[]): number[] {
  if (terms.length === 1) return [...terms[0]!]
  const half = Math.ceil(terms.length / 2)
  return [...sum(terms.slice(0, half)), ...sum(terms.slice(half)), ...OP.f32x4Add]
}
