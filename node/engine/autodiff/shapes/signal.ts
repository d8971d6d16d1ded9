/** Fourier transforms, and windows of signals. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import { transformOf } from '../fourier.ts'
import { castType } from './elementwise.ts'
import type { ShapeRule, ShapeRules } from './types.ts'

const window: ShapeRule = c => [
  { type: castType(intAttribute(c.node, 'output_datatype', DataType.float32)), shape: c.constant(0).slice(0, 1) },
]

export const SIGNAL_SHAPES: ShapeRules = {
  DFT: c => {
    const { type, shape } = c.input(0)
    const { axis, kept } = transformOf(c.node, c.opset, shape, index => (c.has(index) ? c.constant(index) : null))
    return [{ type, shape: shape.with(axis, kept).with(-1, 2) }]
  },
  HannWindow: window,
  HammingWindow: window,
  BlackmanWindow: window,
}
