/** Headers of frames: DAG-CBOR maps beside the tensor, validated before anything else is looked at. */
import { codecOf } from '../wire/encodings.ts'
import { integer, isMap, nullable, object, oneOf, type Rule } from '../wire/fields.ts'
import { checkTensor, type TensorHeader } from '../wire/frames/tensor.ts'
import { peerName } from '../wire/message-fields.ts'
import type { Encoding, MicroBatchId } from '../wire/messages.ts'
import { isRefusal, type Refusal, refuse } from '../wire/refusals.ts'
import { type StatisticsReport, tensorStatistics } from '../wire/tensor-statistics.ts'
import { MAX_LOSS_MICRONATS, MAX_SEQUENCE } from './constants.ts'
import type { ActivationsRun, Answer, Direction } from './types.ts'

/** FORWARD or BACKWARD. The body is the tensor; the tensor header's attachments are the header chain, oldest first. */
export interface TensorFrame {
  readonly tensor: TensorHeader
  readonly lossMicronats: number
  readonly settledBelow: number
}

/** ABANDONED: a note, without a body. */
export interface AbandonedNote {
  readonly kind: 'abandoned'
  readonly id: MicroBatchId
}

/** STATISTICS: a note, without a body. */
export interface StatisticsNote extends StatisticsReport {
  readonly kind: 'statistics'
}

const counter = integer(0, Number.MAX_SAFE_INTEGER)
const anything: Rule = () => null

const TENSOR_FRAME = object<TensorFrame>({
  // checkTensor has the rules of this field.
  tensor: anything,
  lossMicronats: integer(0, MAX_LOSS_MICRONATS),
  settledBelow: integer(0, MAX_SEQUENCE + 1),
})

const ABANDONED_NOTE = object<AbandonedNote>({
  kind: oneOf('abandoned'),
  id: object<MicroBatchId>({ round: counter, source: peerName, sequence: integer(0, MAX_SEQUENCE) }),
})

const STATISTICS_NOTE = object<StatisticsNote>({
  kind: oneOf('statistics'),
  round: counter,
  forward: nullable(tensorStatistics),
  backward: nullable(tensorStatistics),
})

const ANSWERS = {
  accepted: object<{ kind: unknown }>({ kind: oneOf('accepted') }),
  busy: object<{ kind: unknown }>({ kind: oneOf('busy') }),
  parked: object<{ kind: unknown; round: unknown }>({ kind: oneOf('parked'), round: counter }),
  wait: object<{ kind: unknown; round: unknown }>({ kind: oneOf('wait'), round: counter }),
}

/** A frame whose tensor has the manifest's type, shape and length; says whether it goes forward or backward. */
export function readTensorFrame(
  header: unknown,
  body: Uint8Array,
  { shape, encoding }: Pick<ActivationsRun, 'shape' | 'encoding'>,
): { readonly direction: Direction; readonly frame: TensorFrame } | Refusal {
  if (!isTensorFrame(header)) return refuse('out-of-bounds', TENSOR_FRAME(header, '') ?? 'not a frame')
  const direction = isMap(header.tensor) && header.tensor.kind === 'backward' ? 'backward' : 'forward'
  const tensor = checkTensor(header.tensor, body, { kind: direction, dtype: encoding, shape })
  return isRefusal(tensor) ? tensor : { direction, frame: header }
}

/** ABANDONED or STATISTICS. */
export function readNote(header: unknown): AbandonedNote | StatisticsNote | Refusal {
  if (isStatisticsNote(header)) return header
  if (isAbandonedNote(header)) return header
  const isOfStatistics = isMap(header) && header['kind'] === 'statistics'
  const wrong = (isOfStatistics ? STATISTICS_NOTE : ABANDONED_NOTE)(header, '')
  return refuse('out-of-bounds', wrong ?? 'not a note')
}

/** What the other side answered, or null where that is no answer of this protocol. */
export function readAnswer(header: unknown): Answer | null {
  return isAnswer(header) ? header : null
}

/** Null where every value is finite, and an int8 tensor is as an encoder writes it. */
export function valueFault(tensor: Uint8Array, encoding: Encoding): Refusal | null {
  if (encoding !== 'int8') return allFinite(tensor, WORDS[encoding]) ? null : refuse('not-finite')
  const codec = codecOf(encoding)
  return codec.check(tensor, codec.valuesIn(tensor.byteLength), MAX_F32)
}

/** Every value is finite: not all of its exponent's bits are set. 3 GB/s, so 0.2 ms for a boundary of gpt-tiny in f32. */
function allFinite(tensor: Uint8Array, { wordBytes, exponentBits }: (typeof WORDS)[keyof typeof WORDS]): boolean {
  const { buffer, byteOffset } = tensor.byteOffset % wordBytes === 0 ? tensor : tensor.slice()
  const count = tensor.byteLength / wordBytes
  const words =
    wordBytes === 4 ? new Uint32Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count)
  for (let index = 0; index < words.length; index++) {
    if ((words[index]! & exponentBits) === exponentBits) return false
  }
  return true
}

const WORDS = {
  f32: { wordBytes: 4, exponentBits: 0x7f800000 },
  bf16: { wordBytes: 2, exponentBits: 0x7f80 },
} as const
/** The largest finite single. */
const MAX_F32 = 3.4028234663852886e38

function isTensorFrame(header: unknown): header is TensorFrame {
  return TENSOR_FRAME(header, '') === null
}

function isStatisticsNote(header: unknown): header is StatisticsNote {
  return STATISTICS_NOTE(header, '') === null
}

function isAbandonedNote(header: unknown): header is AbandonedNote {
  return ABANDONED_NOTE(header, '') === null
}

function isAnswer(header: unknown): header is Answer {
  return Object.values(ANSWERS).some(rule => rule(header, '') === null)
}
