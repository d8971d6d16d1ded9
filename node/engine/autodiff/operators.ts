/** The builder with the operations that gradient rules and models are written in. */
import { DataType, floatTensor, MICROSOFT_DOMAIN } from '../onnx/index.ts'
import { floatAttribute, intAttribute } from './attributes.ts'
import { GraphBuilder, type Value } from './builder.ts'
import { elements, inverse, range, type Shape, sameShape } from './shape.ts'
import { tensorOf } from './values.ts'

export interface ProductOptions {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  /** Factor of the product. */
  readonly scale?: number
}

export class Operators extends GraphBuilder {
  add(a: Value, b: Value): Value {
    return this.one('Add', [a, b])
  }

  sub(a: Value, b: Value): Value {
    return this.one('Sub', [a, b])
  }

  mul(a: Value, b: Value): Value {
    return this.one('Mul', [a, b])
  }

  div(a: Value, b: Value): Value {
    return this.one('Div', [a, b])
  }

  neg(a: Value): Value {
    return this.one('Neg', [a])
  }

  exp(a: Value): Value {
    return this.one('Exp', [a])
  }

  square(a: Value): Value {
    return this.mul(a, a)
  }

  /** a * factor. */
  scale(a: Value, factor: number): Value {
    return factor === 1 ? a : this.mul(a, this.scalar(factor, a.type))
  }

  /** a + term. */
  offset(a: Value, term: number): Value {
    return term === 0 ? a : this.add(a, this.scalar(term, a.type))
  }

  cast(a: Value, type: DataType): Value {
    return a.type === type ? a : this.one('Cast', [a], { to: type })
  }

  /** `a` where the condition holds, 0 elsewhere. */
  keepWhere(condition: Value, a: Value): Value {
    return this.one('Where', [condition, a, this.scalar(0, a.type)])
  }

  zeros(type: DataType, shape: Shape): Value {
    return this.one('ConstantOfShape', [this.integers(shape)], { value: tensorOf('', type, [1], [0]) })
  }

  reshape(a: Value, shape: Shape): Value {
    return sameShape(a.shape, shape)
      ? a
      : this.one('Reshape', [a, this.integers(shape)], shape.includes(0) ? { allowzero: 1 } : {})
  }

  expand(a: Value, shape: Shape): Value {
    return sameShape(a.shape, shape) ? a : this.one('Expand', [a, this.integers(shape)])
  }

  transpose(a: Value, permutation: readonly number[]): Value {
    return permutation.every((from, to) => from === to) ? a : this.one('Transpose', [a], { perm: permutation })
  }

  /** Swaps the last two axes. */
  swap(a: Value): Value {
    const rank = a.shape.length
    return this.transpose(a, [...range(rank - 2), rank - 1, rank - 2])
  }

  reduceSum(a: Value, axes: readonly number[], keep = true): Value {
    if (axes.length === 0) return a
    return this.one('ReduceSum', [a, this.integers(axes)], { keepdims: keep ? 1 : 0 })
  }

  reduceMean(a: Value, axes: readonly number[]): Value {
    return this.#reduce('ReduceMean', a, axes)
  }

  reduceProd(a: Value, axes: readonly number[]): Value {
    return this.#reduce('ReduceProd', a, axes)
  }

  reduceMax(a: Value, axes: readonly number[]): Value {
    return this.#reduce('ReduceMax', a, axes)
  }

  reduceL2(a: Value, axes: readonly number[]): Value {
    return this.#reduce('ReduceL2', a, axes)
  }

  /** Keeps the axes; most reductions took them as an attribute until opset 18. */
  #reduce(opType: string, a: Value, axes: readonly number[]): Value {
    if (axes.length === 0) return a
    if (this.opset >= 18) return this.one(opType, [a, this.integers(axes)], { keepdims: 1 })
    return this.one(opType, [a], { axes, keepdims: 1 })
  }

  /** Sums the axes along which `shape` was broadcast to `a`'s shape. */
  sumTo(a: Value, shape: Shape): Value {
    if (sameShape(a.shape, shape)) return a
    const added = a.shape.length - shape.length
    const axes = range(a.shape.length).filter(
      axis => axis < added || (shape[axis - added] === 1 && a.shape[axis] !== 1),
    )
    const isLeading = axes.every((axis, index) => axis === index)
    const sum = isLeading && a.type === DataType.float32 ? this.#sumLeading(a, axes.length) : null
    return this.reshape(sum ?? this.reduceSum(a, axes, false), shape)
  }

  /**
   * Sums the first `count` axes as a product with a row of ones: ONNX Runtime's ReduceSum over them uses one thread, and at
   * two threads took 5 % of a training step. Null where nothing is summed or nothing is left.
   */
  #sumLeading(a: Value, count: number): Value | null {
    const rows = elements(a.shape.slice(0, count))
    const columns = elements(a.shape.slice(count))
    if (rows < 2 || columns < 2) return null
    return this.product(this.ones(rows), this.reshape(a, [rows, columns]))
  }

  /** A constant row of ones. */
  ones(length: number): Value {
    return this.filled([1, length], 1)
  }

  /** A constant of one value. */
  filled(shape: Shape, value: number): Value {
    const name = `${this.prefix}filled.${shape.join('x')}.${value}`
    return this.find(name) ?? this.constant(floatTensor(name, shape, new Float32Array(elements(shape)).fill(value)))
  }

  /** A constant of the given numbers. */
  numbersAs(type: DataType, shape: Shape, values: readonly number[]): Value {
    const name = this.constantName(`numbers.${type}.${shape.join('x')}.${values.join('_')}`)
    return this.find(name) ?? this.constant(tensorOf(name, type, shape, values))
  }

  /** Puts back the axes that a reduction took, as size 1. */
  keepAxes(a: Value, full: Shape, axes: readonly number[]): Value {
    return this.reshape(
      a,
      full.map((size, axis) => (axes.includes(axis) ? 1 : size)),
    )
  }

  /** scale * a b over the last two axes, with broadcasting over the others; both of rank 2 or more. */
  product(a: Value, b: Value, options: ProductOptions = {}): Value {
    const { transposeA = false, transposeB = false, scale = 1 } = options
    if (!transposeA && !transposeB && scale === 1) return this.one('MatMul', [a, b])
    const flags = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: scale } }
    if (a.shape.length === 2 && b.shape.length === 2) return this.one('Gemm', [a, b], flags)
    // FusedMatMul reads its operands transposed where they lie; ONNX itself has no such operator.
    if (a.type === DataType.float32) return this.one('FusedMatMul', [a, b], flags, MICROSOFT_DOMAIN)
    const left = transposeA ? this.swap(a) : a
    const right = transposeB ? this.swap(b) : b
    return this.scale(this.one('MatMul', [left, right]), scale)
  }

  /** Sums `updates` into zeros of `shape` at `indices` (one index an update along `axis`). */
  scatterAdd(shape: Shape, axis: number, indices: Value, updates: Value): Value {
    // ONNX Runtime adds no 16-bit numbers here.
    if (updates.type === DataType.float16 || updates.type === DataType.bfloat16)
      return this.cast(this.scatterAdd(shape, axis, indices, this.cast(updates, DataType.float32)), updates.type)
    return this.one('ScatterElements', [this.zeros(updates.type, shape), indices, updates], { axis, reduction: 'add' })
  }

  /** earlier + later, by the matrix product that made `later` where there is one: Gemm adds its third input for nothing. */
  accumulate(earlier: Value, later: Value): Value {
    const producer = this.producerOf(later)
    const isProduct = producer?.domain === '' && (producer.opType === 'Gemm' || producer.opType === 'MatMul')
    if (
      !isProduct ||
      producer.inputs.length !== 2 ||
      later.shape.length !== 2 ||
      !sameShape(earlier.shape, later.shape)
    )
      return this.add(earlier, later)
    const operands = producer.inputs.map(name => this.value(name))
    if (operands.some(operand => operand.shape.length !== 2)) return this.add(earlier, later)
    const attributes = {
      transA: intAttribute(producer, 'transA', 0),
      transB: intAttribute(producer, 'transB', 0),
      alpha: { float: floatAttribute(producer, 'alpha', 1) },
    }
    return this.one('Gemm', [...operands, earlier], attributes)
  }

  /** Surrounds with zeros: `before` and `after` have one count for each axis. */
  pad(a: Value, before: readonly number[], after: readonly number[]): Value {
    if (before.every(count => count === 0) && after.every(count => count === 0)) return a
    return this.one('Pad', [a, this.integers([...before, ...after])])
  }

  slice(a: Value, axis: number, start: number, end: number): Value {
    if (start === 0 && end === a.shape[axis]) return a
    return this.one('Slice', [a, this.integers([start]), this.integers([end]), this.integers([axis])])
  }

  /** Splits along an axis into the given sizes. */
  split(a: Value, axis: number, sizes: readonly number[]): Value[] {
    if (sizes.length === 1) return [a]
    return this.apply('Split', [a, this.integers(sizes)], { axis }, { outputs: sizes.length })
  }

  concat(parts: readonly Value[], axis: number): Value {
    return parts.length === 1 ? parts[0]! : this.one('Concat', parts, { axis })
  }

  /** Undoes a transposition. */
  transposeBack(a: Value, permutation: readonly number[]): Value {
    return this.transpose(a, inverse(permutation))
  }

  /** [.., n] as [rows, n]. */
  asMatrix(a: Value): Value {
    const columns = a.shape.at(-1) ?? 1
    return this.reshape(a, [columns === 0 ? 0 : elements(a.shape) / columns, columns])
  }
}
