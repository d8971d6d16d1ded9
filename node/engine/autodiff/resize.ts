/**
 * What a Resize node computes (ONNX Resize-18): along each axis every output is a weighted sum of inputs, so the whole is a
 * product with one matrix an axis. Coordinates are computed in float32, as ONNX Runtime does: rounding decides neighbours.
 */
import type { Node } from '../onnx/index.ts'
import { floatAttribute, intAttribute, intsAttribute, textAttribute } from './attributes.ts'
import { normalAxis, range, type Shape } from './shape.ts'

export interface ResizedAxis {
  readonly axis: number
  readonly from: number
  readonly to: number
  /** to / from, before `to` was rounded. */
  readonly scale: number
}

const f32 = Math.fround

/** The axes that the node names (all unless given), with their sizes; one of `scales` and `sizes` is given. */
export function resizedAxes(
  node: Node,
  shape: Shape,
  scales: readonly number[] | null,
  sizes: readonly number[] | null,
): ResizedAxis[] {
  const axes = intsAttribute(node, 'axes')?.map(axis => normalAxis(axis, shape.length)) ?? range(shape.length)
  const fit = sizes && sizes.length > 0 ? fittedScale(node, axes, shape, sizes) : null
  return axes.map((axis, index) => {
    const from = shape[axis]!
    if (fit !== null) {
      const to = Math.round(fit * from)
      return { axis, from, to, scale: fit }
    }
    if (sizes && sizes.length > 0) return { axis, from, to: sizes[index]!, scale: f32(sizes[index]! / from) }
    const scale = scales?.[index] ?? 1
    return { axis, from, to: Math.floor(f32(from * scale)), scale }
  })
}

/** One scale for all axes where the node keeps the aspect ratio; null where it stretches. */
function fittedScale(node: Node, axes: readonly number[], shape: Shape, sizes: readonly number[]): number | null {
  const policy = textAttribute(node, 'keep_aspect_ratio_policy', 'stretch')
  const ratios = axes.map((axis, index) => f32(sizes[index]! / shape[axis]!))
  if (policy === 'not_larger') return Math.min(...ratios)
  return policy === 'not_smaller' ? Math.max(...ratios) : null
}

/**
 * The matrix [to, from] of one axis, row-major; null for a mode that is not covered.
 * @param region begin and end of the part that is resized, as shares of the axis (only of `tf_crop_and_resize`)
 */
export function resizeMatrix(node: Node, axis: ResizedAxis, region: readonly [number, number]): number[] | null {
  const mode = textAttribute(node, 'mode', 'nearest')
  const weigh = WEIGHTS[mode]
  const place = COORDINATES[textAttribute(node, 'coordinate_transformation_mode', 'half_pixel')]
  if (weigh === undefined || place === undefined) return null
  const isCropped = textAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize'
  return range(axis.to).flatMap(at => {
    const row = new Array<number>(axis.from).fill(0)
    const x = place(at, axis, region)
    // Outside of the input stands the extrapolation value, a constant.
    if (isCropped && (x < 0 || x > axis.from - 1)) return row
    for (const [index, weight] of weigh(x, node, axis)) row[index]! += weight
    return row
  })
}

type Coordinate = (at: number, axis: ResizedAxis, region: readonly [number, number]) => number

const halfPixel: Coordinate = (at, { scale }) => f32(f32((at + 0.5) / scale) - 0.5)

/** Where an output lies on the input's axis. */
const COORDINATES: Readonly<Record<string, Coordinate>> = {
  half_pixel: halfPixel,
  pytorch_half_pixel: (at, axis, region) => (axis.to > 1 ? halfPixel(at, axis, region) : 0),
  half_pixel_symmetric: (at, { from, to, scale }) => {
    const adjusted = to / (scale * from)
    const centre = from / 2
    return f32(centre * (1 - adjusted) + (at + 0.5) / scale - 0.5)
  },
  tf_half_pixel_for_nn: (at, { scale }) => f32((at + 0.5) / scale),
  align_corners: (at, { from, to }) => (to === 1 ? 0 : f32((at * (from - 1)) / (to - 1))),
  asymmetric: (at, { scale }) => f32(at / scale),
  tf_crop_and_resize: (at, { from, to }, [begin, end]) =>
    to > 1
      ? f32(begin * (from - 1) + (at * (end - begin) * (from - 1)) / (to - 1))
      : f32(0.5 * (begin + end) * (from - 1)),
}

/** Inputs and what they weigh, for a place on the axis. */
type Weights = (x: number, node: Node, axis: ResizedAxis) => readonly (readonly [index: number, weight: number])[]

const WEIGHTS: Readonly<Record<string, Weights>> = {
  nearest: (x, node, { from }) => [
    [within(NEAREST[textAttribute(node, 'nearest_mode', 'round_prefer_floor')]!(x), from), 1],
  ],
  linear: (x, node, axis) => {
    if (isFiltered(node, axis)) return filtered(x, node, axis, 1, distance => Math.max(0, 1 - distance))
    const inside = Math.min(axis.from - 1, Math.max(0, x))
    const low = Math.floor(inside)
    return [
      [low, 1 - (inside - low)],
      [within(low + 1, axis.from), inside - low],
    ]
  },
  cubic: (x, node, axis) => {
    const a = floatAttribute(node, 'cubic_coeff_a', -0.75)
    if (isFiltered(node, axis)) return filtered(x, node, axis, 2, distance => cubic(distance, a))
    const low = Math.floor(x)
    return taken(
      range(4).map(tap => [low - 1 + tap, cubic(Math.abs(x - (low - 1 + tap)), a)]),
      node,
      axis,
    )
  },
}

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: x => Math.ceil(x - 0.5),
  round_prefer_ceil: x => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
}

function isFiltered(node: Node, { scale }: ResizedAxis): boolean {
  return intAttribute(node, 'antialias', 0) === 1 && scale < 1
}

/** A kernel stretched over as many inputs as one output stands for. */
function filtered(
  x: number,
  node: Node,
  axis: ResizedAxis,
  support: number,
  kernel: (distance: number) => number,
): ReturnType<Weights> {
  const reach = support / axis.scale
  const first = Math.floor(x - reach)
  const taps = range(Math.ceil(x + reach) - first + 1).map(at => first + at)
  return taken(
    taps.map(tap => [tap, kernel(Math.abs(tap - x) * axis.scale)]),
    node,
    axis,
  )
}

/** Shares that add up to 1. Taps outside count for the edge, or not at all (`exclude_outside`). */
function taken(taps: readonly (readonly [number, number])[], node: Node, { from }: ResizedAxis): ReturnType<Weights> {
  const excludes = intAttribute(node, 'exclude_outside', 0) === 1
  const kept = excludes ? taps.filter(([index]) => index >= 0 && index < from) : taps
  const total = kept.reduce((sum, [, weight]) => sum + weight, 0)
  return kept.map(([index, weight]) => [within(index, from), weight / total])
}

/** Cubic convolution (Keys 1981). */
function cubic(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance ** 2 + 1
  if (distance < 2) return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
  return 0
}

function within(index: number, size: number): number {
  return Math.min(size - 1, Math.max(0, index))
}
