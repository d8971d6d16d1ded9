/** GridSample-22 and AffineGrid-20: values taken between the places of an image, and the places of an affine map. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { elements, range } from '../shape.ts'
import type { Decomposition } from './types.ts'

/** Keys's parameter, as ONNX and PyTorch have it. */
const CUBIC = -0.75

/** A place on an axis that a sample is made of, and its share. */
interface Tap {
  readonly place: Value
  /** Null where all is taken of one place. */
  readonly weight: Value | null
}

/** Inputs x [batch, channels, space...] and grid [batch, places..., axes], the last axis of the space first, from -1 to 1. */
export const gridSample: Decomposition = (g, node, [x, grid]) => {
  if (!x || !grid) return null
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]]
  const taps = TAPS[textAttribute(node, 'mode', 'linear')]
  const padding = PADDINGS[textAttribute(node, 'padding_mode', 'zeros')]
  if (taps === undefined || padding === undefined || grid.shape.at(-1) !== space.length) return null
  const aligned = intAttribute(node, 'align_corners', 0) === 1
  const places = grid.shape.slice(1, -1)
  const count = elements(places)
  const columns = g.split(
    g.reshape(grid, [batch, count, space.length]),
    2,
    range(space.length).map(() => 1),
  )
  const alongAxes = space.map((size, axis) => {
    const position = unnormalised(g, g.reshape(columns[space.length - 1 - axis]!, [batch, 1, count]), size, aligned)
    return taps(g, position).map(tap => ({ ...tap, ...padding(g, g.cast(tap.place, DataType.int64), size, aligned) }))
  })
  const flat = g.reshape(x, [batch, channels, elements(space)])
  const terms = combinations(alongAxes).map(corner => {
    const index = corner.reduce<Value | null>((sum, tap, axis) => {
      const scaled = g.mul(tap.index, g.scalar(elements(space.slice(axis + 1)), DataType.int64))
      return sum === null ? scaled : g.add(sum, scaled)
    }, null)
    const taken = g.one('GatherElements', [flat, g.expand(index!, [batch, channels, count])], { axis: 2 })
    const weighted = corner.reduce(
      (value, { weight }) => (weight ? g.mul(value, g.cast(weight, x.type)) : value),
      taken,
    )
    return corner.reduce((value, { inside }) => (inside ? g.keepWhere(inside, value) : value), weighted)
  })
  return [
    g.reshape(
      terms.reduce((sum, term) => g.add(sum, term)),
      [batch, channels, ...places],
    ),
  ]
}

/** From [-1, 1] to places: between the outer values where they are aligned, between their outer edges otherwise. */
function unnormalised(g: Operators, at: Value, size: number, aligned: boolean): Value {
  const half = (aligned ? size - 1 : size) / 2
  return g.offset(g.scale(at, half), aligned ? half : half - 0.5)
}

const TAPS: Readonly<Record<string, (g: Operators, position: Value) => Tap[]>> = {
  nearest: (g, position) => [{ place: g.one('Round', [position]), weight: null }],
  linear,
  bilinear: linear,
  cubic,
  bicubic: cubic,
}

function linear(g: Operators, position: Value): Tap[] {
  const floor = g.one('Floor', [position])
  const rest = g.sub(position, floor)
  return [
    { place: floor, weight: g.offset(g.neg(rest), 1) },
    { place: g.offset(floor, 1), weight: rest },
  ]
}

function cubic(g: Operators, position: Value): Tap[] {
  const floor = g.one('Floor', [position])
  const rest = g.sub(position, floor)
  const other = g.offset(g.neg(rest), 1)
  return [
    { place: g.offset(floor, -1), weight: far(g, g.offset(rest, 1)) },
    { place: floor, weight: near(g, rest) },
    { place: g.offset(floor, 1), weight: near(g, other) },
    { place: g.offset(floor, 2), weight: far(g, g.offset(other, 1)) },
  ]
}

/** ((a + 2) t - (a + 3)) t^2 + 1 for a distance up to 1. */
function near(g: Operators, t: Value): Value {
  return g.offset(g.mul(g.offset(g.scale(t, CUBIC + 2), -(CUBIC + 3)), g.square(t)), 1)
}

/** ((a t - 5 a) t + 8 a) t - 4 a for a distance from 1 to 2. */
function far(g: Operators, t: Value): Value {
  const inner = g.offset(g.mul(g.offset(g.scale(t, CUBIC), -5 * CUBIC), t), 8 * CUBIC)
  return g.offset(g.mul(inner, t), -4 * CUBIC)
}

interface Padded {
  /** Where it is read. */
  readonly index: Value
  /** Null where what is outside counts too. */
  readonly inside: Value | null
}

const PADDINGS: Readonly<Record<string, (g: Operators, place: Value, size: number, aligned: boolean) => Padded>> = {
  zeros: (g, place, size) => {
    const index = clamped(g, place, size)
    return { index, inside: g.one('Equal', [index, place]) }
  },
  border: (g, place, size) => ({ index: clamped(g, place, size), inside: null }),
  reflection: (g, place, size, aligned) => {
    const whole = (value: number) => g.scalar(value, DataType.int64)
    const period = Math.max(1, aligned ? 2 * (size - 1) : 2 * size)
    const rest = g.one('Mod', [place, whole(period)])
    const mirrored = g.sub(whole(aligned ? period : period - 1), rest)
    return { index: g.one('Where', [g.one('Greater', [rest, whole(size - 1)]), mirrored, rest]), inside: null }
  },
}

function clamped(g: Operators, place: Value, size: number): Value {
  const low = g.one('Max', [place, g.scalar(0, DataType.int64)])
  return g.one('Min', [low, g.scalar(size - 1, DataType.int64)])
}

function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap(start => list.map(item => [...start, item])), [[]])
}

/** Inputs theta [batch, axes, axes + 1] and the size [batch, channels, space...], a constant. */
export const affineGrid: Decomposition = (g, node, [theta, size]) => {
  const sizes = size ? g.numbers(size) : null
  if (!theta || !sizes) return null
  const [batch, , ...space] = sizes as [number, number, ...number[]]
  const aligned = intAttribute(node, 'align_corners', 0) === 1
  const count = elements(space)
  const rows = range(count).flatMap(at => {
    const coordinates = space.map((length, axis) => {
      const index = Math.floor(at / elements(space.slice(axis + 1))) % length
      return aligned ? (length === 1 ? -1 : (2 * index) / (length - 1) - 1) : (2 * index + 1) / length - 1
    })
    return [...coordinates.reverse(), 1]
  })
  const base = g.numbersAs(theta.type, [count, space.length + 1], rows)
  const grid = g.one('MatMul', [base, g.transpose(theta, [0, 2, 1])])
  return [g.reshape(grid, [batch, ...space, space.length])]
}
