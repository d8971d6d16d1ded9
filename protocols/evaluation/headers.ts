/** Header and answer of the evaluation protocol and their bounds. */
import { MAX_STAGES } from '../wire/constants.ts'
import { integer, isMap, object, oneOf } from '../wire/fields.ts'
import { contentIdText } from '../wire/message-fields.ts'
import { type Refusal, refuse } from '../wire/refusals.ts'
import type { EvaluationHeader } from './types.ts'

/** Batches of one measurement. */
const MAX_BATCHES = 1024
/** Far above any loss of a finite model: 1,000 nats a token. */
const MAX_LOSS_MICRONATS = 1_000_000_000

const HEADER = object<EvaluationHeader>({
  type: oneOf('evaluate'),
  run: contentIdText,
  stage: integer(1, MAX_STAGES - 1),
  round: integer(0, Number.MAX_SAFE_INTEGER),
  index: integer(0, MAX_BATCHES - 1),
  count: integer(1, MAX_BATCHES),
})

const ANSWER = object<{ lossMicronats: number }>({ lossMicronats: integer(0, MAX_LOSS_MICRONATS) })

export function parseHeader(value: unknown): EvaluationHeader | Refusal {
  const wrong = HEADER(value, '')
  if (wrong !== null) return refuse('out-of-bounds', wrong)
  if (!isChecked(value)) return refuse('bad-encoding')
  return value.index < value.count ? value : refuse('out-of-bounds', 'index is not below count')
}

export function parseAnswer(value: unknown): number | Refusal {
  const wrong = ANSWER(value, '')
  if (wrong !== null || !isMap(value)) return refuse('out-of-bounds', wrong ?? 'not a map')
  return Number(value['lossMicronats'])
}

/** Types a value that kept the rule, which the compiler cannot see. */
function isChecked(value: unknown): value is EvaluationHeader {
  return isMap(value)
}
