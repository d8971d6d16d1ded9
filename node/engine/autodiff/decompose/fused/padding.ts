/** Padding masks of ONNX Runtime's operators of attention (`com.microsoft`). */
import { DataType, type Node } from '../../../onnx/index.ts'
import { floatAttribute } from '../../attributes.ts'
import type { Value } from '../../builder.ts'
import type { Operators } from '../../operators.ts'
import { range, type Shape, sameShape } from '../../shape.ts'
import { refuse } from '../refusal.ts'

export interface Scored {
  readonly batch: number
  readonly queries: number
  readonly keys: number
  readonly type: DataType
}

/** ContribOperators.md, `mask_filter_value`. */
const DEFAULT_FILTER = -10_000

/** What is added to the scores: 0 where a key is seen, `mask_filter_value` where it is padding. */
export function paddingTerm(g: Operators, node: Node, mask: Value, scored: Scored): Value {
  const { batch, queries, keys, type } = scored
  const form = FORMS.find(({ shapes }) => shapes(scored).some(shape => sameShape(shape, mask.shape)))
  refuse(node, { [`a mask of the shape [${mask.shape}]`]: form === undefined })
  const seen = form!.seen(g, mask, scored)
  const filter = floatAttribute(node, 'mask_filter_value', DEFAULT_FILTER)
  const term = g.one('Where', [seen, g.scalar(0, type), g.scalar(filter, type)])
  return g.reshape(term, [batch, 1, mask.shape.length === 3 ? queries : 1, keys])
}

interface Form {
  readonly shapes: (scored: Scored) => readonly Shape[]
  /** Boolean, [batch, keys] or [batch, queries, keys]. */
  readonly seen: (g: Operators, mask: Value, scored: Scored) => Value
}

const FORMS: readonly Form[] = [
  {
    shapes: ({ batch, queries, keys }) => [
      [batch, keys],
      [batch, queries, keys],
    ],
    seen: (g, mask) => g.one('Greater', [mask, g.scalar(0, mask.type)]),
  },
  {
    // Keys before an end are seen. The longer form has sums of lengths behind the ends, which kernels without padding read.
    shapes: ({ batch }) => [[batch], [3 * batch + 2]],
    seen: (g, mask, { batch, keys }) => g.one('Less', [places(g, keys), bounds(g, mask, 0, batch)]),
  },
  {
    shapes: ({ batch }) => [[2 * batch]],
    seen: (g, mask, { batch, keys }) => {
      const isBeforeEnd = g.one('Less', [places(g, keys), bounds(g, mask, 0, batch)])
      const isAfterStart = g.one('GreaterOrEqual', [places(g, keys), bounds(g, mask, batch, 2 * batch)])
      return g.one('And', [isBeforeEnd, isAfterStart])
    },
  },
]

function places(g: Operators, keys: number): Value {
  return g.integers(range(keys))
}

function bounds(g: Operators, mask: Value, start: number, end: number): Value {
  return g.reshape(g.cast(g.slice(mask, 0, start, end), DataType.int64), [end - start, 1])
}
