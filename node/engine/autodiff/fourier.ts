/** What a DFT node transforms: its axis is an attribute until opset 19 and an input from then on. */
import type { Node } from '../onnx/index.ts'
import { intAttribute } from './attributes.ts'
import { normalAxis, type Shape } from './shape.ts'

export interface Transform {
  readonly axis: number
  /** Values along the axis that are transformed: the input's are cut off or filled up with zeros. */
  readonly length: number
  /** Values along the axis of the result. */
  readonly kept: number
  readonly isInverse: boolean
}

/** @param constant numbers of an input, null where it is left out */
export function transformOf(
  node: Node,
  opset: number,
  shape: Shape,
  constant: (index: number) => readonly number[] | null,
): Transform {
  const given = opset >= 20 ? (constant(2)?.[0] ?? -2) : intAttribute(node, 'axis', 1)
  const axis = normalAxis(given, shape.length)
  const length = constant(1)?.[0] ?? shape[axis]!
  const kept = intAttribute(node, 'onesided', 0) === 1 ? Math.floor(length / 2) + 1 : length
  return { axis, length, kept, isInverse: intAttribute(node, 'inverse', 0) === 1 }
}
