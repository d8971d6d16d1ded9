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
  /** Spatial sizes of the result. */
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
  const isCeil = intAttribute(node, 'ceil_mode', 0) === 1
  const output = input.map((size, axis) => {
    const steps = (size + padBegin[axis]! + padEnd[axis]! - reach[axis]!) / strides[axis]!
    if (!isCeil) return Math.floor(steps) + 1
    // A window that would begin in the padding after the input is left out.
    const last = Math.ceil(steps)
    return last * strides[axis]! >= size + padBegin[axis]! ? last : last + 1
  })
  return { kernel: sizes, strides, dilations, padBegin, padEnd, output }
}

/** The window of a ConvTranspose node (ONNX ConvTranspose-11); its output may be asked for by size. */
export function transposedWindowOf(node: Node, input: Shape, kernel: Shape): Window {
  const window = windowOf(node, input, kernel)
  const { strides, dilations } = window
  const outputPadding = intsAttribute(node, 'output_padding') ?? new Array<number>(input.length).fill(0)
  const full = input.map(
    (size, axis) => (size - 1) * strides[axis]! + dilations[axis]! * (kernel[axis]! - 1) + 1 + outputPadding[axis]!,
  )
  const automatic = textAttribute(node, 'auto_pad', 'NOTSET')
  const wanted =
    intsAttribute(node, 'output_shape') ??
    (automatic.startsWith('SAME') ? input.map((size, axis) => size * strides[axis]!) : null)
  if (wanted === null) {
    const output = full.map((size, axis) => size - window.padBegin[axis]! - window.padEnd[axis]!)
    return { ...window, output }
  }
  const total = full.map((size, axis) => Math.max(0, size - wanted[axis]!))
  const less = total.map(pad => Math.floor(pad / 2))
  const more = total.map((pad, axis) => pad - less[axis]!)
  const [padBegin, padEnd] = automatic === 'SAME_UPPER' ? [less, more] : [more, less]
  return { ...window, padBegin, padEnd, output: wanted }
}
