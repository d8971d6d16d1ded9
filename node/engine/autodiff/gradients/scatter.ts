/**
 * Gradients of scatters. What was overwritten has none; what was added to keeps it; a maximum or minimum shares it among
 * equals, the data's own value with them (as PyTorch's scatter_reduce does); a product's is the product of the others.
 */
import { intAttribute, textAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import { elements, normalAxis } from '../shape.ts'
import { rowNumbers } from './indexing.ts'
import type { GradientContext, GradientRules } from './types.ts'

export const SCATTER_GRADIENTS: GradientRules = {
  ScatterElements: c => {
    const axis = normalAxis(intAttribute(c.node, 'axis', 0), c.x.shape.length)
    const { x, y, dy } = c
    return gradients(c, { x, y, dy, axis, indices: c.input(1), updates: c.input(2) })
  },
  // As a scatter of rows: the data seen as a matrix [indexed, rest].
  ScatterND: c => {
    const { g } = c
    const { shape } = c.x
    const depth = c.input(1).shape.at(-1) ?? 0
    const matrix = [elements(shape.slice(0, depth)), elements(shape.slice(depth))]
    const rows = rowNumbers(g, shape, c.input(1), 0)
    const updates = g.reshape(c.input(2), [elements(rows.shape), matrix[1]!])
    const [dx, , du] = gradients(c, {
      x: g.reshape(c.x, matrix),
      y: g.reshape(c.y, matrix),
      dy: g.reshape(c.dy, matrix),
      axis: 0,
      indices: g.expand(g.reshape(rows, [elements(rows.shape), 1]), updates.shape),
      updates,
    })
    return [g.reshape(dx!, shape), null, g.reshape(du!, c.input(2).shape)]
  },
}

/** A scatter along one axis, with an index for each update. */
interface Scatter {
  readonly x: Value
  readonly y: Value
  readonly dy: Value
  readonly axis: number
  readonly indices: Value
  readonly updates: Value
}

function gradients(c: GradientContext, scatter: Scatter): (Value | null)[] {
  const reduction = textAttribute(c.node, 'reduction', 'none')
  const rule = Object.hasOwn(REDUCTIONS, reduction) ? REDUCTIONS[reduction] : undefined
  if (rule === undefined) throw c.fault(`scatters with the reduction '${reduction}', which is not known`)
  const [dx, du] = rule(c, scatter)
  return [dx, null, du]
}

type Reduction = (c: GradientContext, scatter: Scatter) => [data: Value, updates: Value]

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  none: (c, s) => {
    const { g } = c
    const zeros = g.zeros(s.updates.type, s.updates.shape)
    return [g.one('ScatterElements', [s.dy, s.indices, zeros], { axis: s.axis }), taken(c, s, s.dy)]
  },
  add: (c, s) => [s.dy, taken(c, s, s.dy)],
  max: extremum,
  min: extremum,
  mul: (c, s) => {
    const { g } = c
    const { type } = s.dy
    const zero = g.scalar(0, type)
    const [noData, noUpdate] = [g.one('Equal', [s.x, zero]), g.one('Equal', [s.updates, zero])]
    const safe = (isZero: Value, value: Value) => g.one('Where', [isZero, g.scalar(1, type), value])
    const [data, updates] = [safe(noData, s.x), safe(noUpdate, s.updates)]
    const whole = g.one('ScatterElements', [data, s.indices, updates], { axis: s.axis, reduction: 'mul' })
    const zeros = g.add(g.cast(noData, type), counted(c, s, g.cast(noUpdate, type)))
    const share = g.mul(s.dy, whole)
    const alone = (isZero: Value, count: Value) => g.one('Equal', [count, g.cast(isZero, type)])
    return [
      g.keepWhere(alone(noData, zeros), g.div(share, data)),
      g.keepWhere(alone(noUpdate, taken(c, s, zeros)), g.div(taken(c, s, share), updates)),
    ]
  },
}

function extremum(c: GradientContext, s: Scatter): [Value, Value] {
  const { g } = c
  const reaches = (value: Value, result: Value) => g.cast(g.one('Equal', [value, result]), s.dy.type)
  const [ofData, ofUpdates] = [reaches(s.x, s.y), reaches(s.updates, taken(c, s, s.y))]
  const share = g.div(s.dy, g.add(ofData, counted(c, s, ofUpdates)))
  return [g.mul(ofData, share), g.mul(ofUpdates, taken(c, s, share))]
}

/** What the updates' places hold of a value of the data's shape. */
function taken(c: GradientContext, { axis, indices }: Scatter, value: Value): Value {
  return c.g.one('GatherElements', [value, indices], { axis })
}

/** The sum of a value of the updates' shape over each place of the data. */
function counted(c: GradientContext, { x, axis, indices }: Scatter, value: Value): Value {
  return c.g.scatterAdd(x.shape, axis, indices, value)
}
