/** Operators that move values without computing. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute, intsAttribute, tensorAttribute } from '../attributes.ts'
import { elements, normalAxis, range, sameShape } from '../shape.ts'
import type { ShapeContext, ShapeRules } from './types.ts'

export const LAYOUT_SHAPES: ShapeRules = {
  Shape: c => [{ type: DataType.int64, shape: [shapeSlice(c).length] }],
  Size: () => [{ type: DataType.int64, shape: [] }],
  Constant: c => [constantType(c)],
  ConstantOfShape: c => [{ type: tensorAttribute(c.node, 'value')?.type ?? DataType.float32, shape: c.constant(0) }],
  Reshape: c => [{ type: c.input(0).type, shape: reshaped(c, c.input(0).shape, c.constant(1)) }],
  Flatten: c => {
    const { type, shape } = c.input(0)
    const axis = normalAxis(intAttribute(c.node, 'axis', 1), shape.length)
    return [{ type, shape: [elements(shape.slice(0, axis)), elements(shape.slice(axis))] }]
  },
  Transpose: c => {
    const { type, shape } = c.input(0)
    const permutation = intsAttribute(c.node, 'perm') ?? range(shape.length).reverse()
    if (
      !sameShape(
        permutation.toSorted((a, b) => a - b),
        range(shape.length),
      )
    )
      throw c.fault(`orders ${shape.length} axes as [${permutation}], which is no permutation of them`)
    return [{ type, shape: permutation.map(axis => shape[axis] ?? 1) }]
  },
  Concat: c => {
    const { type, shape } = c.input(0)
    const axis = normalAxis(intAttribute(c.node, 'axis', 0), shape.length)
    const size = c.inputs.reduce((sum, input) => sum + (input?.shape[axis] ?? 0), 0)
    return [{ type, shape: shape.with(axis, size) }]
  },
  Split: c => splitSizes(c).map(size => ({ type: c.input(0).type, shape: c.input(0).shape.with(splitAxis(c), size) })),
  Squeeze: c => {
    const { type, shape } = c.input(0)
    const axes = (intsAttribute(c.node, 'axes') ?? (c.has(1) ? c.constant(1) : null))?.map(axis =>
      normalAxis(axis, shape.length),
    )
    return [{ type, shape: shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis))) }]
  },
  Unsqueeze: c => {
    const { type, shape } = c.input(0)
    const axes = intsAttribute(c.node, 'axes') ?? c.constant(1)
    const rank = shape.length + axes.length
    const added = new Set(axes.map(axis => normalAxis(axis, rank)))
    const sizes = shape[Symbol.iterator]()
    return [{ type, shape: range(rank).map(axis => (added.has(axis) ? 1 : (sizes.next().value ?? 1))) }]
  },
  Expand: c => [{ type: c.input(0).type, shape: c.broadcast(c.input(0).shape, c.constant(1)) }],
  Tile: c => {
    const repeats = c.constant(1)
    return [{ type: c.input(0).type, shape: c.input(0).shape.map((size, axis) => size * (repeats[axis] ?? 1)) }]
  },
  Pad: c => {
    const { type, shape } = c.input(0)
    const pads = intsAttribute(c.node, 'pads') ?? c.constant(1)
    const axes = c.has(3) ? c.constant(3).map(axis => normalAxis(axis, shape.length)) : range(shape.length)
    const result = [...shape]
    for (const [index, axis] of axes.entries()) result[axis]! += pads[index]! + pads[index + axes.length]!
    return [{ type, shape: result }]
  },
  Trilu: c => [c.input(0)],
  Range: c => {
    const [start, limit, step] = [c.constant(0)[0]!, c.constant(1)[0]!, c.constant(2)[0]!]
    return [{ type: c.input(0).type, shape: [Math.max(0, Math.ceil((limit - start) / step))] }]
  },
}

function shapeSlice(c: ShapeContext): readonly number[] {
  const end = c.node.attributes.has('end') ? intAttribute(c.node, 'end', 0) : undefined
  return c.input(0).shape.slice(intAttribute(c.node, 'start', 0), end)
}

function constantType(c: ShapeContext): { type: DataType; shape: readonly number[] } {
  const tensor = tensorAttribute(c.node, 'value')
  if (tensor !== null) return tensor
  for (const [name, attribute] of c.node.attributes) {
    const type = name.includes('float') ? DataType.float32 : DataType.int64
    if (attribute.kind === 'ints' || attribute.kind === 'floats') return { type, shape: [attribute.value.length] }
    if (attribute.kind === 'int' || attribute.kind === 'float') return { type, shape: [] }
  }
  throw c.fault('has no value that can be computed with', 'unknown-shape')
}

/** 0 keeps the input's size (unless `allowzero`), one -1 takes what is left. */
function reshaped(c: ShapeContext, shape: readonly number[], wanted: readonly number[]): number[] {
  const keepZero = intAttribute(c.node, 'allowzero', 0) === 1
  const sizes = wanted.map((size, axis) => (size === 0 && !keepZero ? (shape[axis] ?? 0) : size))
  const known = elements(sizes.filter(size => size !== -1))
  const result = sizes.map(size => (size === -1 ? elements(shape) / known : size))
  if (elements(result) !== elements(shape))
    throw c.fault(`reshapes [${shape}] to [${wanted}], which has another number of values`)
  return result
}

function splitAxis(c: ShapeContext): number {
  return normalAxis(intAttribute(c.node, 'axis', 0), c.input(0).shape.length)
}

function splitSizes(c: ShapeContext): number[] {
  const given = intsAttribute(c.node, 'split') ?? (c.has(1) ? c.constant(1) : null)
  if (given !== null) return given
  const parts = intAttribute(c.node, 'num_outputs', c.node.outputs.length)
  const total = c.input(0).shape[splitAxis(c)] ?? 0
  const size = Math.ceil(total / parts)
  return range(parts).map(part => Math.min(size, total - part * size))
}
