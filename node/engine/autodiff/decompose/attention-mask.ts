/** What an attention's queries do not see, as one term that is added to the scores: 0, or minus infinity. */
import { DataType } from '../../onnx/index.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'
import { range } from '../shape.ts'
import { tensorOf } from '../values.ts'

export interface MaskInputs {
  /** Scores before masking, [batch, heads, queries, keys]. */
  readonly scores: Value
  /** Boolean (true is seen) or a term to add; fewer columns than keys hide the rest. */
  readonly mask: Value | null
  /** Finite numbers to add: they hide no query's keys altogether. */
  readonly padding: Value | null
  /** Keys of each batch that are no padding. */
  readonly lengths: Value | null
  /** Keys from before the first query. */
  readonly past: number
  readonly band: Band
}

export interface Masking {
  readonly term: Value
  /** Whether some query may see nothing: its weights are 0 then, not NaN. */
  readonly mayHideRows: boolean
}

/** A query at place i sees the keys j with low <= i + past - j <= high. */
export interface Band {
  readonly low: number
  readonly high: number
}

/** Null where everything is seen. */
export function maskOf(g: Operators, given: MaskInputs): Masking | null {
  const { band } = given
  const isOpen = band.low === Number.NEGATIVE_INFINITY && band.high === Number.POSITIVE_INFINITY
  const terms: Value[] = []
  let mayHideRows = given.mask !== null || given.lengths !== null
  if (given.lengths !== null) terms.push(byLengths(g, given, given.lengths))
  else if (!isOpen) {
    const { term, hidesRows } = fixedTerm(g, given)
    terms.push(term)
    mayHideRows ||= hidesRows
  }
  if (given.mask !== null) terms.push(maskTerm(g, given, given.mask))
  if (given.padding !== null) terms.push(given.padding)
  return terms.length === 0 ? null : { term: terms.reduce((sum, term) => g.add(sum, term)), mayHideRows }
}

function fixedTerm(g: Operators, { scores, past, band: { low, high } }: MaskInputs) {
  const { type } = scores
  const [rows, columns] = [scores.shape.at(-2)!, scores.shape.at(-1)!]
  const isSeen = (row: number, column: number) => row + past - column >= low && row + past - column <= high
  const values = range(rows * columns).map(at =>
    isSeen(Math.floor(at / columns), at % columns) ? 0 : Number.NEGATIVE_INFINITY,
  )
  const name = `${g.prefix}mask.${type}.${rows}.${columns}.${past}.${low}.${high}`
  const term = g.find(name) ?? g.constant(tensorOf(name, type, [rows, columns], values))
  const hidesRows = range(rows).some(row => !range(columns).some(column => isSeen(row, column)))
  return { term, hidesRows }
}

/** Here the queries are the last of each batch's keys that are no padding. */
function byLengths(g: Operators, { scores, band: { low, high } }: MaskInputs, lengths: Value): Value {
  const [batch, , rows, columns] = scores.shape as [number, number, number, number]
  const count = g.reshape(g.cast(lengths, DataType.int64), [batch, 1, 1, 1])
  const column = g.integers(range(columns))
  const row = g.reshape(g.integers(range(rows).map(at => at - rows)), [rows, 1])
  const distance = g.sub(g.add(count, row), column)
  const bounds = [g.one('Less', [column, count])]
  if (Number.isFinite(low)) bounds.push(g.one('GreaterOrEqual', [distance, g.scalar(low, DataType.int64)]))
  if (Number.isFinite(high)) bounds.push(g.one('LessOrEqual', [distance, g.scalar(high, DataType.int64)]))
  return asTerm(
    g,
    bounds.reduce((all, bound) => g.one('And', [all, bound])),
    scores.type,
  )
}

function maskTerm(g: Operators, { scores }: MaskInputs, mask: Value): Value {
  const term = mask.type === DataType.bool ? asTerm(g, mask, scores.type) : mask
  const missing = scores.shape.at(-1)! - mask.shape.at(-1)!
  if (missing <= 0) return term
  const none = mask.shape.map(() => 0)
  const pads = g.integers([...none, ...none.with(-1, missing)])
  return g.one('Pad', [term, pads, g.scalar(Number.NEGATIVE_INFINITY, term.type)])
}

function asTerm(g: Operators, isSeen: Value, type: DataType): Value {
  return g.one('Where', [isSeen, g.scalar(0, type), g.scalar(Number.NEGATIVE_INFINITY, type)])
}
