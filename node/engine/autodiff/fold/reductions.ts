/** Reductions of constants: exporters compare, multiply and add up the sizes in a shape. */
import { intAttribute } from '../attributes.ts'
import { elements, normalAxis, range, strides } from '../shape.ts'
import { reducedAxes, withoutAxes } from '../shapes/reduce.ts'
import { dot, type Evaluator, indexer } from './tensors.ts'

function reduction(compute: (values: readonly number[]) => number): Evaluator {
  return ({ node, inputs }) => {
    const { shape, values } = inputs[0]!
    const axes = reducedAxes(node, shape.length, inputs[1]?.values ?? null)
    const kept = withoutAxes(shape, axes, true)
    const steps = strides(kept)
    const indexOf = indexer(shape)
    const groups: number[][] = range(elements(kept)).map(() => [])
    for (const [at, value] of values.entries()) {
      const index = indexOf(at).map((place, axis) => (axes.includes(axis) ? 0 : place))
      groups[dot(index, steps)]!.push(value)
    }
    return [groups.map(compute)]
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The place of the first extremum along an axis. */
function argument(isBetter: (a: number, b: number) => boolean): Evaluator {
  return ({ node, inputs }) => {
    if (intAttribute(node, 'select_last_index', 0) === 1) return []
    const { shape, values } = inputs[0]!
    const axis = normalAxis(intAttribute(node, 'axis', 0), shape.length)
    const outer = elements(shape.slice(0, axis))
    const inner = elements(shape.slice(axis + 1))
    const size = shape[axis]!
    return [
      range(outer * inner).map(at => {
        const start = Math.floor(at / inner) * size * inner + (at % inner)
        return range(size).reduce((best, place) => {
          return isBetter(values[start + place * inner]!, values[start + best * inner]!) ? place : best
        }, 0)
      }),
    ]
  }
}

/** Running sums along an axis: exporters number positions with them. */
const runningSum: Evaluator = ({ node, inputs }) => {
  const { shape, values } = inputs[0]!
  const axis = normalAxis(inputs[1]!.values[0]!, shape.length)
  const step = strides(shape)[axis]!
  const size = shape[axis]!
  const isReverse = intAttribute(node, 'reverse', 0) === 1
  const isExclusive = intAttribute(node, 'exclusive', 0) === 1
  const result = new Array<number>(values.length).fill(0)
  for (const first of values.keys()) {
    if (Math.floor(first / step) % size !== 0) continue
    let total = 0
    for (let count = 0; count < size; count++) {
      const at = first + (isReverse ? size - 1 - count : count) * step
      const before = total
      total += values[at]!
      result[at] = isExclusive ? before : total
    }
  }
  return [result]
}

export const REDUCTIONS: Readonly<Record<string, Evaluator>> = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction(values => sum(values) / values.length),
  ReduceProd: reduction(values => values.reduce((product, value) => product * value, 1)),
  ReduceMax: reduction(values => values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)),
  ReduceMin: reduction(values => values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY)),
  ArgMax: argument((a, b) => a > b),
  ArgMin: argument((a, b) => a < b),
  CumSum: runningSum,
}
