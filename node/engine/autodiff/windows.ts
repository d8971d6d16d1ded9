/** The sliding window of a convolution or pooling node, with all defaults filled in (ONNX Conv-11). */
import type { Node } from '../onnx/index.ts'
import { intAttribute, intsAttribute, textAttribute } from './attributes.ts'
import type { Shape } from './shape.ts'

export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padBegin: readonly number[]
  readonly padEnd: readonly number[]
  readonly outputPadding: readonly number[]
  /** Spatial sizes of the result of a convolution or pooling. */
  readonly output: readonly number[]
}

/** @param kernel spatial sizes of the weights; null takes the attribute, as pooling does */
export function windowOf(node: Node, input: Shape, kernel: Shape | null): Window {
  const rank = input.length
  const filled = (name: string, value: number) => intsAttribute(node, name) ?? new Array<number>(rank).fill(value)
  const sizes = kernel ?? filled('kernel_shape', 1)
  const strides = filled('strides', 1)
  const dilations = filled('dilations', 1)
  const reach = sizes.map((size, axis) => dilations[axis]! * (size - 1) + 1)
  const pads = intsAttribute(node, 'pads') ?? new Array<number>(2 * rank).fill(0)
  let padBegin = pads.slice(0, rank)
  let padEnd = pads.slice(rank)
  const automatic = textAttribute(node, 'auto_pad', 'NOTSET')
  if (automatic.startsWith('SAME')) {
    const total = input.map((size, axis) =>
      Math.max(0, (Math.ceil(size / strides[axis]!) - 1) * strides[axis]! + reach[axis]! - size),
    )
    const less = total.map(pad => Math.floor(pad / 2))
    const more = total.map((pad, axis) => pad - less[axis]!)
    padBegin = automatic === 'SAME_UPPER' ? less : more
    padEnd = automatic === 'SAME_UPPER' ? more : less
  }
  const round = intAttribute(node, 'ceil_mode', 0) === 1 ? Math.ceil : Math.floor
  const output = input.map(
    (size, axis) => round((size + padBegin[axis]! + padEnd[axis]! - reach[axis]!) / strides[axis]!) + 1,
  )
  return { kernel: sizes, strides, dilations, padBegin, padEnd, outputPadding: filled('output_padding', 0), output }
}
