/** Just enough of the WebAssembly binary format for one straight-line function in a loop (WebAssembly 2.0, section 5). */

export const I32 = 0x7f
export const V128 = 0x7b

/** Opcodes by their names in the specification; those of SIMD carry the prefix 0xfd. */
export const OP = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIf: [0x0d],
  localGet: [0x20],
  localSet: [0x21],
  localTee: [0x22],
  i32Load: [0x28],
  i32Const: [0x41],
  i32LessUnsigned: [0x49],
  i32Add: [0x6a],
  v128Load: [0xfd, 0x00],
  v128Store: [0xfd, 0x0b],
  v128Xor: [0xfd, 0x51],
  f32x4Splat: [0xfd, 0x13],
  f32Const: [0x43],
  f32x4Add: [0xfd, 0xe4, 0x01],
  f32x4Div: [0xfd, 0xe7, 0x01],
  f32x4Pmin: [0xfd, 0xea, 0x01],
  f32x4Pmax: [0xfd, 0xeb, 0x01],
} as const

/** LEB128, unsigned. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}

/** LEB128, signed; small non-negative values are all that is needed here. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x40) {
    bytes.push((rest & 0x7f) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}

/** An f32, little-endian. */
export function float(value: number): number[] {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return [...bytes]
}

/** A memory argument: alignment as a power of two, and a constant offset. */
export function memoryArgument(alignment: number, offset: number): number[] {
  return [...unsigned(alignment), ...unsigned(offset)]
}

export interface Locals {
  readonly type: number
  readonly count: number
}

/** A module with one exported function of i32 parameters and no result, on the imported memory `env.memory`. */
export function singleFunctionModule(
  name: string,
  parameters: number,
  locals: readonly Locals[],
  body: readonly number[],
): Uint8Array<ArrayBuffer> {
  const declarations = vector(locals.map(({ type, count }) => [...unsigned(count), type]))
  const code = [...declarations, ...body, ...OP.end]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector([[0x60, ...vector(Array.from({ length: parameters }, () => [I32])), 0x00]])),
    ...section(2, vector([[...text('env'), ...text('memory'), 0x02, 0x00, 0x00]])),
    ...section(3, vector([[0x00]])),
    ...section(7, vector([[...text(name), 0x00, 0x00]])),
    ...section(10, vector([[...unsigned(code.length), ...code]])),
  ])
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

function text(value: string): number[] {
  const bytes = [...new TextEncoder().encode(value)]
  return [...unsigned(bytes.length), ...bytes]
}
