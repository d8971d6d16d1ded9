/**
 * Operators evaluated on constants. Exporters write shapes and masks as chains of small nodes (Shape, Gather, Concat,
 * ConstantOfShape, Where ...); at static shapes these are constants, and reshapes need them as numbers.
 */
import { DataType } from '../../onnx/index.ts'
import { intAttribute, intsAttribute } from '../attributes.ts'
import { elements, normalAxis, range, type Shape, strides } from '../shape.ts'
import { sliceExtents } from '../slices.ts'
import { isInteger } from '../values.ts'
import { PLACING } from './placing.ts'
import { REDUCTIONS } from './reductions.ts'
import { type Constant, dot, type Evaluator, reindex } from './tensors.ts'

/** value(...inputs) at every position of the broadcast output. */
function pointwise(compute: (type: DataType, ...values: number[]) => number): Evaluator {
  return ({ inputs, outputs }) => {
    const given = inputs.filter(input => input !== null)
    const shape = outputs[0]!.shape
    const places = given.map(input => broadcastPlaces(input.shape, shape))
    const type = given[0]!.type
    return [
      range(elements(shape)).map(at =>
        compute(type, ...given.map((input, index) => input.values[places[index]!(at)]!)),
      ),
    ]
  }
}

/** Where the element `at` of the broadcast shape lies in a tensor of `from`. */
function broadcastPlaces(from: Shape, to: Shape): (at: number) => number {
  if (elements(from) === 1) return () => 0
  const toStrides = strides(to)
  const fromStrides = strides(from)
  const added = to.length - from.length
  return at =>
    from.reduce(
      (place, size, axis) =>
        place + (size === 1 ? 0 : (Math.floor(at / toStrides[axis + added]!) % size) * fromStrides[axis]!),
      0,
    )
}

const truncatedRest = pointwise((_, a, b) => a! % b!)
const flooredRest = pointwise((_, a, b) => a! - b! * Math.floor(a! / b!))

const copy: Evaluator = ({ inputs }) => [inputs[0]!.values]

function gather(data: Constant, axis: number, indices: Constant): number[] {
  const inner = elements(data.shape.slice(axis + 1))
  const size = data.shape[axis]!
  const result: number[] = []
  for (let outer = 0; outer < elements(data.shape.slice(0, axis)); outer++) {
    for (const index of indices.values) {
      const from = (outer * size + normalAxis(index, size)) * inner
      for (let at = 0; at < inner; at++) result.push(data.values[from + at]!)
    }
  }
  return result
}

export const EVALUATORS: Readonly<Record<string, Evaluator>> = {
  Identity: copy,
  Reshape: copy,
  Squeeze: copy,
  Unsqueeze: copy,
  Flatten: copy,
  Cast: ({ inputs, outputs }) => [inputs[0]!.values.map(value => cast(value, outputs[0]!.type))],
  Add: pointwise((_, a, b) => a! + b!),
  Sub: pointwise((_, a, b) => a! - b!),
  Mul: pointwise((_, a, b) => a! * b!),
  Div: pointwise((type, a, b) => (isInteger(type) ? Math.trunc(a! / b!) : a! / b!)),
  Pow: pointwise((_, a, b) => a! ** b!),
  Mod: context => (intAttribute(context.node, 'fmod', 0) === 1 ? truncatedRest : flooredRest)(context),
  Min: pointwise((_, ...values) => Math.min(...values)),
  Max: pointwise((_, ...values) => Math.max(...values)),
  Neg: pointwise((_, a) => -a!),
  Abs: pointwise((_, a) => Math.abs(a!)),
  Sqrt: pointwise((_, a) => Math.sqrt(a!)),
  Reciprocal: pointwise((_, a) => 1 / a!),
  Exp: pointwise((_, a) => Math.exp(a!)),
  Log: pointwise((_, a) => Math.log(a!)),
  Sin: pointwise((_, a) => Math.sin(a!)),
  Cos: pointwise((_, a) => Math.cos(a!)),
  Sign: pointwise((_, a) => Math.sign(a!)),
  Round: pointwise((_, a) => roundToEven(a!)),
  Clip: ({ inputs }) => {
    const [low, high] = [
      inputs[1]?.values[0] ?? Number.NEGATIVE_INFINITY,
      inputs[2]?.values[0] ?? Number.POSITIVE_INFINITY,
    ]
    return [inputs[0]!.values.map(value => Math.min(high, Math.max(low, value)))]
  },
  Floor: pointwise((_, a) => Math.floor(a!)),
  Ceil: pointwise((_, a) => Math.ceil(a!)),
  Not: pointwise((_, a) => (a === 0 ? 1 : 0)),
  And: pointwise((_, a, b) => (a !== 0 && b !== 0 ? 1 : 0)),
  Or: pointwise((_, a, b) => (a !== 0 || b !== 0 ? 1 : 0)),
  Xor: pointwise((_, a, b) => ((a !== 0) !== (b !== 0) ? 1 : 0)),
  Equal: pointwise((_, a, b) => (a === b ? 1 : 0)),
  Less: pointwise((_, a, b) => (a! < b! ? 1 : 0)),
  Greater: pointwise((_, a, b) => (a! > b! ? 1 : 0)),
  LessOrEqual: pointwise((_, a, b) => (a! <= b! ? 1 : 0)),
  GreaterOrEqual: pointwise((_, a, b) => (a! >= b! ? 1 : 0)),
  Where: pointwise((_, condition, a, b) => (condition !== 0 ? a! : b!)),
  Expand: ({ inputs, outputs }) => {
    const place = broadcastPlaces(inputs[0]!.shape, outputs[0]!.shape)
    return [range(elements(outputs[0]!.shape)).map(at => inputs[0]!.values[place(at)]!)]
  },
  Range: ({ inputs, outputs }) => [
    range(outputs[0]!.shape[0]!).map(at => inputs[0]!.values[0]! + at * inputs[2]!.values[0]!),
  ],
  Gather: ({ node, inputs }) => [
    gather(inputs[0]!, normalAxis(intAttribute(node, 'axis', 0), inputs[0]!.shape.length), inputs[1]!),
  ],
  Slice: ({ inputs, outputs }) => {
    const [data, starts, ends, axes, steps] = inputs
    const extents = sliceExtents(data!.shape, starts!.values, ends!.values, axes?.values ?? null, steps?.values ?? null)
    const dataStrides = strides(data!.shape)
    return [
      reindex(
        outputs[0]!.shape,
        index =>
          dot(
            index.map((at, axis) => extents[axis]!.start + at * extents[axis]!.step),
            dataStrides,
          ),
        data!.values,
      ),
    ]
  },
  Transpose: ({ node, inputs, outputs }) => {
    const { shape, values } = inputs[0]!
    const permutation = intsAttribute(node, 'perm') ?? range(shape.length).reverse()
    const steps = strides(shape)
    return [
      reindex(
        outputs[0]!.shape,
        index =>
          dot(
            index,
            permutation.map(axis => steps[axis]!),
          ),
        values,
      ),
    ]
  },
  Concat: ({ node, inputs }) => {
    const given = inputs.filter(input => input !== null)
    const axis = normalAxis(intAttribute(node, 'axis', 0), given[0]!.shape.length)
    const outer = elements(given[0]!.shape.slice(0, axis))
    return [range(outer).flatMap(at => given.flatMap(part => chunk(part.values, at, outer)))]
  },
  Split: ({ node, inputs, outputs }) => {
    const { shape, values } = inputs[0]!
    const axis = normalAxis(intAttribute(node, 'axis', 0), shape.length)
    const steps = strides(shape)
    let start = 0
    return outputs.map(output => {
      const from = start
      start += output.shape[axis]!
      return reindex(output.shape, index => dot(index, steps) + from * steps[axis]!, values)
    })
  },
  Trilu: ({ node, inputs }) => {
    const { shape, values } = inputs[0]!
    const [rows, columns] = [shape.at(-2)!, shape.at(-1)!]
    const diagonal = inputs[1]?.values[0] ?? 0
    const upper = intAttribute(node, 'upper', 1) === 1
    return [
      values.map((value, at) =>
        keeps(upper, (at % columns) - (Math.floor(at / columns) % rows) - diagonal) ? value : 0,
      ),
    ]
  },
  /** Each axis's places of all values that are not 0: exporters to opset 9 count with it. */
  NonZero: ({ inputs }) => {
    const { shape, values } = inputs[0]!
    const places = range(values.length).filter(at => values[at] !== 0)
    return [strides(shape).flatMap((step, axis) => places.map(at => Math.floor(at / step) % shape[axis]!))]
  },
  ...REDUCTIONS,
  ...PLACING,
}

/** Halves go to the even neighbour. */
function roundToEven(value: number): number {
  const size = Math.abs(value)
  const floor = Math.floor(size)
  const isHalf = size - floor === 0.5
  const rounded = isHalf ? floor + (floor % 2) : Math.round(size)
  return value < 0 ? -rounded : rounded
}

function keeps(upper: boolean, offset: number): boolean {
  return upper ? offset >= 0 : offset <= 0
}

function chunk(values: readonly number[], index: number, count: number): readonly number[] {
  const size = values.length / count
  return values.slice(index * size, (index + 1) * size)
}

function cast(value: number, type: DataType): number {
  if (type === DataType.bool) return value !== 0 ? 1 : 0
  if (isInteger(type)) return Math.trunc(value)
  return type === DataType.float32 ? Math.fround(value) : value
}
