/** Normalisations by statistics of the input itself, and over neighbouring channels. */
import type { Node } from '../../onnx/index.ts'
import { floatAttribute, intAttribute, intsAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { DifferentiationError } from '../errors.ts'
import type { Operators } from '../operators.ts'
import { elements, normalAxis, range } from '../shape.ts'
import type { Decomposition } from './types.ts'

/**
 * BatchNormalization-14 in training mode: normal by the batch's own mean and variance; the running ones follow as second and
 * third output. In inference mode it stays an operator.
 */
export const batchNormalization: Decomposition = (g, node, [x, scale, bias, mean, variance]) => {
  if (intAttribute(node, 'training_mode', 0) !== 1 || !x || !scale || !bias || !mean || !variance) return null
  const column = columnOf(x)
  const axes = range(x.shape.length).filter(axis => axis !== 1)
  const of = standardised(g, x, axes, floatAttribute(node, 'epsilon', 1e-5))
  const y = g.add(g.mul(of.normal, g.reshape(scale, column)), g.reshape(bias, column))
  const momentum = floatAttribute(node, 'momentum', 0.9)
  const follow = (running: Value, now: Value) =>
    g.add(g.scale(running, momentum), g.scale(g.reshape(now, running.shape), 1 - momentum))
  return [y, follow(mean, of.mean), follow(variance, of.variance)]
}

/** GroupNormalization-21 has a scale for every channel; that of opset 18 had one for every group. */
export const groupNormalization: Decomposition = (g, node, [x, scale, bias]) => {
  if (!x || !scale || !bias) return null
  const groups = intAttribute(node, 'num_groups', 1)
  const [batch, channels] = x.shape
  if (channels === undefined || channels % groups !== 0)
    throw fault(node, `has ${channels} channels in ${groups} groups`)
  const grouped = g.reshape(x, [batch!, groups, elements(x.shape) / (batch! * groups)])
  const { normal } = standardised(g, grouped, [2], floatAttribute(node, 'epsilon', 1e-5))
  const column = (value: Value) => {
    const each = g.expand(g.reshape(value, [value.shape[0]!, 1]), [value.shape[0]!, channels / value.shape[0]!])
    return g.reshape(each, columnOf(x))
  }
  return [g.add(g.mul(g.reshape(normal, x.shape), column(scale)), column(bias))]
}

/** MeanVarianceNormalization-13, whose deviation is kept from 0 by the constant of its function body. */
export const meanVarianceNormalization: Decomposition = (g, node, [x]) => {
  if (!x) return null
  const axes = (intsAttribute(node, 'axes') ?? [0, 2, 3]).map(axis => normalAxis(axis, x.shape.length))
  const mean = g.reduceMean(x, axes)
  const variance = g.sub(g.reduceMean(g.square(x), axes), g.square(mean))
  return [g.div(g.sub(x, mean), g.offset(g.one('Sqrt', [variance]), 1e-9))]
}

/** LpNormalization-1: over the L1 or L2 norm along one axis; where that is 0 the values stay 0. */
export const lpNormalization: Decomposition = (g, node, [x]) => {
  if (!x) return null
  const axes = [normalAxis(intAttribute(node, 'axis', -1), x.shape.length)]
  const norm = intAttribute(node, 'p', 2) === 1 ? g.reduceSum(g.one('Abs', [x]), axes) : g.reduceL2(x, axes)
  const isZero = g.one('Equal', [norm, g.scalar(0, x.type)])
  const quotient = g.div(x, g.one('Where', [isZero, g.scalar(1, x.type), norm]))
  return [g.one('Where', [isZero, g.scalar(0, x.type), quotient])]
}

/** LRN-13 (Krizhevsky et al. 2012): over the squares of `size` neighbouring channels. */
export const localResponseNormalization: Decomposition = (g, node, [x]) => {
  const size = intAttribute(node, 'size', 0)
  const channels = x?.shape[1]
  if (!x || channels === undefined || size < 1) return null
  const before = Math.floor((size - 1) / 2)
  const around = (count: number) => x.shape.map((_, axis) => (axis === 1 ? count : 0))
  const padded = g.pad(g.square(x), around(before), around(size - 1 - before))
  const squares = range(size)
    .map(start => g.slice(padded, 1, start, start + channels))
    .reduce((sum, part) => g.add(sum, part))
  const base = g.offset(g.scale(squares, floatAttribute(node, 'alpha', 1e-4) / size), floatAttribute(node, 'bias', 1))
  return [g.div(x, g.one('Pow', [base, g.scalar(floatAttribute(node, 'beta', 0.75), x.type)]))]
}

/** (x - mean) / sqrt(variance + epsilon) over the axes, which mean and variance keep as size 1. */
function standardised(g: Operators, x: Value, axes: readonly number[], epsilon: number) {
  const mean = g.reduceMean(x, axes)
  const difference = g.sub(x, mean)
  const variance = g.reduceMean(g.square(difference), axes)
  return { mean, variance, normal: g.div(difference, g.one('Sqrt', [g.offset(variance, epsilon)])) }
}

/** [C, 1, ...]: how a value for every channel broadcasts against [N, C, ...]. */
function columnOf(x: Value): number[] {
  return x.shape.slice(1).map((size, axis) => (axis === 0 ? size : 1))
}

function fault(node: Node, sentence: string): DifferentiationError {
  return new DifferentiationError('bad-node', `Node '${node.name || node.outputs[0]}' (${node.opType}) ${sentence}.`)
}
