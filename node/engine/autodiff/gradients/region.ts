/**
 * RoiAlign-22 (He et al. 2017, arXiv:1703.06870): each region is cut into `output_height` by `output_width` parts, and samples
 * between the image's values stand for a part. Regions have no gradient, as in torchvision.
 */
import { DataType } from '../../onnx/index.ts'
import { floatAttribute, intAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { range } from '../shape.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const REGION_GRADIENTS: GradientRules = {
  RoiAlign: c => {
    const isMax = textAttribute(c.node, 'mode', 'avg') === 'max'
    const regions = c.input(1)
    return [isMax ? ofMaxima(c) : ofMeans(c), c.g.zeros(regions.type, regions.shape)]
  },
}

/** Samples along one axis of the image. */
interface Samples {
  /** Places between the image's values, [regions, parts, samples]. */
  readonly place: Value
  /** Which of them are samples of the region, [regions, 1, samples]; large regions may have more than small ones. */
  readonly isOwn: Value
  /** How many are, [regions, 1, 1]. */
  readonly count: Value
  /** 1 for places on the image, up to one value from it, [regions, parts, samples]; others count as 0. */
  readonly isInside: Value
}

function samplesAlong(c: GradientContext, axis: 'height' | 'width'): Samples {
  const { g, x } = c
  const parts = intAttribute(c.node, `output_${axis}`, 1)
  const size = x.shape[axis === 'height' ? 2 : 3]!
  const number = (value: number) => g.scalar(value, x.type)
  const isHalfPixel = textAttribute(c.node, 'coordinate_transformation_mode', 'half_pixel') === 'half_pixel'
  const column = axis === 'height' ? 1 : 0
  const [start, end] = [column, column + 2].map(at => {
    const scaled = g.scale(g.slice(c.input(1), 1, at, at + 1), floatAttribute(c.node, 'spatial_scale', 1))
    return g.reshape(g.offset(scaled, isHalfPixel ? -0.5 : 0), [c.input(1).shape[0]!, 1, 1])
  }) as [Value, Value]
  const length = isHalfPixel ? g.sub(end, start) : g.one('Max', [g.sub(end, start), number(1)])
  const part = g.scale(length, 1 / parts)
  const given = intAttribute(c.node, 'sampling_ratio', 0)
  const most = given > 0 ? given : mostSamples(c, column, parts)
  const count = given > 0 ? number(given) : g.one('Max', [g.one('Ceil', [part]), number(1)])
  const sample = g.numbersAs(x.type, [1, 1, most], range(most))
  const within = g.div(g.offset(sample, 0.5), count)
  const place = g.add(start, g.mul(part, g.add(g.numbersAs(x.type, [1, parts, 1], range(parts)), within)))
  const isInside = g.one('And', [
    g.one('GreaterOrEqual', [place, number(-1)]),
    g.one('LessOrEqual', [place, number(size)]),
  ])
  return {
    place: g.one('Min', [g.one('Max', [place, number(0)]), number(size - 1)]),
    isOwn: g.one('Less', [sample, given > 0 ? count : g.one('Ceil', [part])]),
    count,
    isInside: g.cast(isInside, x.type),
  }
}

/** Without a ratio there are as many samples as a part is long; that many have to be known. */
function mostSamples(c: GradientContext, column: number, parts: number): number {
  const regions = c.constant(1)
  if (regions === null)
    throw c.fault('has no sampling_ratio, so its regions decide its gradient but are not a constant')
  const scale = floatAttribute(c.node, 'spatial_scale', 1)
  const lengths = range(regions.length / 4).map(
    at => (regions[4 * at + column + 2]! - regions[4 * at + column]!) * scale,
  )
  // One more than it comes to here: what is computed at run time rounds otherwise.
  return Math.ceil(Math.max(1, ...lengths) / parts) + 1
}

/**
 * A part's mean is a product of one matrix for each axis with the image, [parts, size]; the gradient one with their
 * transposes. Regions and rows are contracted together, so that no image is made for each region.
 */
function ofMeans(c: GradientContext): Value {
  const { g, x, dy } = c
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const [regions, , rows] = dy.shape as [number, number, number]
  const [down, across] = [meansAlong(c, 'height'), meansAlong(c, 'width')]
  const columns = g.product(dy, g.reshape(across, [regions, 1, across.shape[1]!, width]))
  const isOf = g.one('Equal', [g.reshape(g.integers(range(batch)), [batch, 1]), g.cast(c.input(2), DataType.int64)])
  const ofImage = g.reshape(g.cast(isOf, x.type), [batch, 1, regions, 1])
  const left = g.reshape(g.mul(g.transpose(down, [2, 0, 1]), ofImage), [batch * height, regions * rows])
  const right = g.reshape(g.transpose(columns, [0, 2, 1, 3]), [regions * rows, channels * width])
  return g.transpose(g.reshape(g.product(left, right), [batch, height, channels, width]), [0, 2, 1, 3])
}

/** Each value's share in a part, [regions, parts, size]: a sample takes of the values next to it by their distance. */
function meansAlong(c: GradientContext, axis: 'height' | 'width'): Value {
  const { g, x } = c
  const { place, isOwn, count, isInside } = samplesAlong(c, axis)
  const size = x.shape[axis === 'height' ? 2 : 3]!
  const distance = g.one('Abs', [
    g.sub(g.reshape(place, [...place.shape, 1]), g.numbersAs(x.type, [size], range(size))),
  ])
  const near = g.one('Relu', [g.offset(g.neg(distance), 1)])
  const counted = g.div(g.mul(isInside, g.cast(isOwn, x.type)), count)
  return g.reduceSum(g.mul(near, g.reshape(counted, [...counted.shape, 1])), [2], false)
}

/** A value next to a sample, along one axis: [regions, parts, 2 * samples]. */
interface Corners {
  readonly index: Value
  readonly weight: Value
  readonly isOwn: Value
}

function cornersAlong(c: GradientContext, axis: 'height' | 'width'): Corners {
  const { g, x } = c
  const { place, isOwn, isInside } = samplesAlong(c, axis)
  const low = g.one('Floor', [place])
  const high = g.one('Min', [g.offset(low, 1), g.scalar(x.shape[axis === 'height' ? 2 : 3]! - 1, x.type)])
  const rest = g.sub(place, low)
  return {
    index: g.cast(g.concat([low, high], 2), DataType.int64),
    weight: g.concat([g.mul(g.offset(g.neg(rest), 1), isInside), g.mul(rest, isInside)], 2),
    isOwn: g.concat([isOwn, isOwn], 2),
  }
}

/**
 * The maximum is over the values next to the samples, each times its weight, as ONNX's reference has it; they are not summed
 * to a sample's value first. Equal ones share the gradient.
 */
function ofMaxima(c: GradientContext): Value {
  const { g, x, dy } = c
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const [regions, , rows, columns] = dy.shape as [number, number, number, number]
  const [down, across] = [cornersAlong(c, 'height'), cornersAlong(c, 'width')]
  const counts = [down.index.shape[2]!, across.index.shape[2]!] as const
  const tall = (value: Value) => g.reshape(value, [value.shape[0]!, value.shape[1]!, 1, counts[0], 1])
  const wide = (value: Value) => g.reshape(value, [value.shape[0]!, 1, value.shape[1]!, 1, counts[1]])
  const together = (operator: string, of: keyof Corners) => g.one(operator, [tall(down[of]), wide(across[of])])
  const shape = [regions, rows, columns, counts[0] * counts[1]]
  const whole = (value: number) => g.scalar(value, DataType.int64)
  const first = g.reshape(g.cast(c.input(2), DataType.int64), [regions, 1, 1, 1, 1])
  const row = g.add(g.mul(first, whole(height)), tall(down.index))
  const index = g.reshape(g.add(g.mul(row, whole(width)), wide(across.index)), shape)
  const weight = g.reshape(together('Mul', 'weight'), [...shape, 1])
  const both = together('And', 'isOwn')
  const isOwn = g.reshape(both, [both.shape[0]!, 1, 1, shape[3]!, 1])
  const pixels = [batch * height * width, channels]
  const values = g.one('Gather', [g.reshape(g.transpose(x, [0, 2, 3, 1]), pixels), index], { axis: 0 })
  const weighted = g.one('Where', [isOwn, g.mul(values, weight), g.scalar(Number.NEGATIVE_INFINITY, x.type)])
  // A region of no length has no samples at all.
  const isMost = g.one('And', [isOwn, g.one('Equal', [weighted, g.reduceMax(weighted, [3])])])
  const marks = g.cast(isMost, x.type)
  const share = g.div(marks, g.one('Max', [g.reduceSum(marks, [3]), g.scalar(1, x.type)]))
  const spread = g.mul(
    g.mul(share, weight),
    g.reshape(g.transpose(dy, [0, 2, 3, 1]), [regions, rows, columns, 1, channels]),
  )
  const updates = g.asMatrix(spread)
  const places = g.expand(g.reshape(index, [updates.shape[0]!, 1]), updates.shape)
  const sums = g.scatterAdd(pixels, 0, places, updates)
  return g.transpose(g.reshape(sums, [batch, height, width, channels]), [0, 3, 1, 2])
}
