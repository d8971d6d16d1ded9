/** Gradients of softmax and of the normalisations, in closed form. */
import { floatAttribute, intAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements, normalAxis, range, type Shape } from '../shape.ts'
import type { GradientContext, GradientRule, GradientRules } from './types.ts'

export const NORMALISATION_GRADIENTS: GradientRules = {
  Softmax: c => {
    const { g, dy } = c
    const y = guarded(c)
    const weighted = g.mul(dy, y)
    return [g.sub(weighted, g.mul(y, g.reduceSum(weighted, [softmaxAxis(c)])))]
  },
  LogSoftmax: c => {
    const { g, y, dy } = c
    return [g.sub(dy, g.mul(g.exp(y), g.reduceSum(dy, [softmaxAxis(c)])))]
  },
  LayerNormalization: layerNormalization,
  SimplifiedLayerNormalization: c => rootMeanSquare(c),
  RMSNormalization: c => rootMeanSquare(c),
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
}

/**
 * The softmax of a row that is masked whole is NaN. Where the model puts 0 in its place (by `IsNaN`, or by the mask itself,
 * as exporters of attention do), its gradient is 0 too, not 0 * NaN.
 */
function guarded(c: GradientContext): Value {
  const { g, y } = c
  return isReplaced(g, y.name) ? g.one('Where', [g.one('IsNaN', [y]), g.scalar(0, y.type), y]) : y
}

/** Whether the value, as it is or under another name, is looked at by IsNaN or chosen by Where. */
function isReplaced(g: Operators, name: string): boolean {
  return g.nodes.some(node => {
    if (!node.inputs.includes(name)) return false
    if (node.opType === 'IsNaN' || node.opType === 'Where') return true
    return (node.opType === 'Cast' || node.opType === 'Identity') && isReplaced(g, node.outputs[0]!)
  })
}

function softmaxAxis(c: GradientContext): number {
  return normalAxis(intAttribute(c.node, 'axis', -1), c.x.shape.length)
}

function layerNormalization(c: GradientContext): (Value | null)[] {
  const { g, x, dy } = c
  const rank = x.shape.length
  const axis = normalAxis(intAttribute(c.node, 'axis', -1), rank)
  const scale = c.input(1)
  // The statistics are float32 whatever the type of x (`stash_type`).
  const mean = g.cast(g.optionalOutput(c.node, 1), x.type)
  const inverseDeviation = g.cast(g.optionalOutput(c.node, 2), x.type)
  const normal = g.mul(g.sub(x, mean), inverseDeviation)
  const weighted = g.mul(dy, normal)
  const axes = range(rank).slice(axis)
  const dx = centred(g, {
    normal,
    inverseDeviation,
    scaled: g.mul(dy, scale),
    stretch: rowMean(c, weighted, axes),
    axes,
  })
  return [dx, g.sumTo(weighted, scale.shape), c.inputs[2] ? g.sumTo(dy, c.inputs[2].shape) : null]
}

interface Normalised {
  /** (x - mean) / deviation. */
  readonly normal: Value
  readonly inverseDeviation: Value
  /** Gradient with respect to `normal`, that is dy * scale. */
  readonly scaled: Value
  /** Mean of scaled * normal over the axes. */
  readonly stretch: Value
  readonly axes: readonly number[]
}

/** r (d - mean(d) - n mean(d n)): the gradient loses what a shift or a stretch of x would explain (Ba et al. 2016). */
function centred(g: Operators, { normal, inverseDeviation, scaled, stretch, axes }: Normalised): Value {
  const shift = g.reduceMean(scaled, axes)
  return g.mul(inverseDeviation, g.sub(scaled, g.add(g.mul(normal, stretch), shift)))
}

/** Mean over the axes of weighted * scale; over the last axis alone it is a matrix-vector product, which saves a pass. */
function rowMean(c: GradientContext, weighted: Value, axes: readonly number[]): Value {
  const { g } = c
  const scale = c.input(1)
  const width = scale.shape[0] ?? 1
  if (weighted.shape.length !== 2 || axes.length !== 1 || scale.shape.length !== 1)
    return g.reduceMean(g.mul(weighted, scale), axes)
  return g.product(weighted, g.reshape(scale, [width, 1]), { scale: 1 / width })
}

/** As above without the mean (Zhang and Sennrich 2019, arXiv:1910.07467). */
const rootMeanSquare: GradientRule = c => {
  const { g, x, dy } = c
  const rank = x.shape.length
  const axes = range(rank).slice(normalAxis(intAttribute(c.node, 'axis', -1), rank))
  const scale = c.input(1)
  // RMSNormalization has no second output to save the statistic in, and SimplifiedLayerNormalization's is wrong on WebGPU.
  const power = g.reduceMean(g.square(x), axes)
  const inverse = g.one('Reciprocal', [g.one('Sqrt', [g.offset(power, floatAttribute(c.node, 'epsilon', 1e-5))])])
  const normal = g.mul(x, inverse)
  const scaled = g.mul(dy, scale)
  const weighted = g.mul(dy, normal)
  const stretch = rowMean(c, weighted, axes)
  return [g.mul(inverse, g.sub(scaled, g.mul(normal, stretch))), g.sumTo(weighted, scale.shape)]
}

/** The inference form: mean and variance are inputs. That of training is written out (`decompose/`). */
function batchNormalization(c: GradientContext): (Value | null)[] {
  const { g, x, dy } = c
  const column = channelShape(x.shape)
  const at = (index: number) => g.reshape(c.input(index), column)
  const [scale, mean, variance] = [at(1), at(3), at(4)]
  const inverse = g.one('Reciprocal', [g.one('Sqrt', [g.offset(variance, floatAttribute(c.node, 'epsilon', 1e-5))])])
  const centredInput = g.sub(x, mean)
  const back = (value: Value, index: number) => g.reshape(g.sumTo(value, column), c.input(index).shape)
  const dx = g.mul(dy, g.mul(scale, inverse))
  const dscale = back(g.mul(dy, g.mul(centredInput, inverse)), 1)
  const spread = g.mul(g.mul(dx, centredInput), g.scale(g.square(inverse), -0.5))
  return [dx, dscale, back(dy, 2), back(g.neg(dx), 3), back(spread, 4)]
}

/** One mean and variance for every sample and channel, over the spatial axes. */
function instanceNormalization(c: GradientContext): (Value | null)[] {
  const { g, x, dy } = c
  const axes = range(x.shape.length).slice(2)
  const column = channelShape(x.shape)
  const difference = g.sub(x, g.reduceMean(x, axes))
  const variance = g.reduceMean(g.square(difference), axes)
  const inverseDeviation = g.one('Reciprocal', [
    g.one('Sqrt', [g.offset(variance, floatAttribute(c.node, 'epsilon', 1e-5))]),
  ])
  const normal = g.mul(difference, inverseDeviation)
  const scaled = g.mul(dy, g.reshape(c.input(1), column))
  const channels = [elements(column)]
  const dscale = g.reshape(g.sumTo(g.mul(dy, normal), column), channels)
  const stretch = g.reduceMean(g.mul(scaled, normal), axes)
  return [
    centred(g, { normal, inverseDeviation, scaled, stretch, axes }),
    dscale,
    g.reshape(g.sumTo(dy, column), channels),
  ]
}

/** [1, C, 1, ...]: how a value for every channel broadcasts against [N, C, ...]. */
function channelShape(shape: Shape): number[] {
  return shape.slice(1).map((size, axis) => (axis === 0 ? size : 1))
}
