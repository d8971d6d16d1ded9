/** Convolutions and pooling over [batch, channels, spatial...]. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import { elements } from '../shape.ts'
import { transposedWindowOf, windowOf } from '../windows.ts'
import type { ShapeContext, ShapeRule, ShapeRules } from './types.ts'

const pool: ShapeRule = c => {
  const { type, shape } = c.input(0)
  const window = windowOf(c.node, shape.slice(2), null)
  const result = [...shape.slice(0, 2), ...window.output]
  return [
    { type, shape: result },
    { type: DataType.int64, shape: result },
  ]
}

const globalPool: ShapeRule = c => [
  { type: c.input(0).type, shape: c.input(0).shape.map((size, axis) => (axis < 2 ? size : 1)) },
]

export const CONVOLUTION_SHAPES: ShapeRules = {
  Conv: c => {
    const { type, shape } = c.input(0)
    const weight = c.input(1).shape
    const window = windowOf(c.node, shape.slice(2), weight.slice(2))
    return [{ type, shape: [shape[0] ?? 0, weight[0] ?? 0, ...window.output] }]
  },
  ConvTranspose: c => {
    const { type, shape } = c.input(0)
    const weight = c.input(1).shape
    const { output } = transposedWindowOf(c.node, shape.slice(2), weight.slice(2))
    return [{ type, shape: [shape[0] ?? 0, (weight[1] ?? 0) * intAttribute(c.node, 'group', 1), ...output] }]
  },
  MaxPool: pool,
  /** Without an output shape, which indices need not fit. */
  MaxUnpool: c => {
    const { type, shape } = c.input(0)
    if (c.has(2)) throw c.fault('has an output shape of its own, which is not covered', 'unknown-shape')
    const { kernel, strides, padBegin, padEnd } = windowOf(c.node, shape.slice(2), null)
    const space = shape
      .slice(2)
      .map((size, axis) => (size - 1) * strides[axis]! + kernel[axis]! - padBegin[axis]! - padEnd[axis]!)
    return [{ type, shape: [...shape.slice(0, 2), ...space] }]
  },
  AveragePool: pool,
  /** Columns [batch, channels * block, positions], the image's shape and the block's. */
  Col2Im: c => {
    const { type, shape } = c.input(0)
    return [{ type, shape: [shape[0] ?? 0, (shape[1] ?? 0) / elements(c.constant(2)), ...c.constant(1)] }]
  },
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  RoiAlign: c => [{ type: c.input(0).type, shape: regions(c) }],
}

/** [regions, channels, parts down, parts across] */
function regions(c: ShapeContext): number[] {
  const parts = ['output_height', 'output_width'].map(name => intAttribute(c.node, name, 1))
  return [c.input(1).shape[0]!, c.input(0).shape[1]!, ...parts]
}
