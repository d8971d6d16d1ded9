/** AttributeProto to an attribute. Files from before IR version 2 leave the type out: then the filled field decides. */
import { OnnxFormatError } from './errors.ts'
import { ATTRIBUTE, ATTRIBUTE_TYPE, SPARSE_TENSOR_TYPE } from './fields.ts'
import { MAX_ATTRIBUTE_VALUES } from './limits.ts'
import type { Attribute, Graph, Tensor } from './model.ts'
import type { Field, ProtobufReader } from './protobuf-reader.ts'
import type { ReadContext } from './read-context.ts'
import { readSparseTensor } from './read-sparse.ts'
import { readTensor } from './read-tensor.ts'

export function readAttribute(
  reader: ProtobufReader,
  context: ReadContext,
  readGraph: (reader: ProtobufReader) => Graph,
): [name: string, attribute: Attribute] {
  const start = reader.position
  let name = ''
  let type = 0
  let single: Attribute | null = null
  let reference = ''
  const floats: number[] = []
  const ints: bigint[] = []
  const strings: Uint8Array[] = []
  const tensors: Tensor[] = []
  const graphs: Graph[] = []
  for (const field of reader.fields()) {
    switch (field.number) {
      case ATTRIBUTE.name:
        name = reader.text(field)
        break
      case ATTRIBUTE.type:
        type = reader.integer(field)
        if (type === SPARSE_TENSOR_TYPE) type = ATTRIBUTE_TYPE.tensor
        break
      case ATTRIBUTE.float:
        single = { kind: 'float', value: reader.float(field) }
        break
      case ATTRIBUTE.int:
        single = { kind: 'int', value: reader.bigint(field) }
        break
      case ATTRIBUTE.string:
        single = { kind: 'string', value: reader.bytes(field) }
        break
      case ATTRIBUTE.tensor:
        single = { kind: 'tensor', value: readTensor(reader.message(field), context.external) }
        break
      case ATTRIBUTE.sparseTensor:
        single = { kind: 'tensor', value: readSparseTensor(reader.message(field), context) }
        break
      case ATTRIBUTE.graph:
        single = { kind: 'graph', value: readGraph(reader.message(field)) }
        break
      case ATTRIBUTE.floats:
        reader.floats(field, value => push(floats, value, field))
        break
      case ATTRIBUTE.ints:
        reader.integers(field, value => push(ints, value, field))
        break
      case ATTRIBUTE.strings:
        push(strings, reader.bytes(field), field)
        break
      case ATTRIBUTE.tensors:
        push(tensors, readTensor(reader.message(field), context.external), field)
        break
      case ATTRIBUTE.graphs:
        push(graphs, readGraph(reader.message(field)), field)
        break
      case ATTRIBUTE.referenceName:
        reference = reader.text(field)
        if (!context.inFunction && reference !== '')
          throw new OnnxFormatError(
            'bad-function',
            field.offset,
            `Attribute '${name}' refers to a function's attribute`,
          )
        break
      default:
        reader.skip(field)
    }
  }
  if (reference !== '') return [name, { kind: 'reference', value: reference }]
  const lists: readonly Attribute[] = [
    { kind: 'ints', value: ints },
    { kind: 'floats', value: floats },
    { kind: 'strings', value: strings },
    { kind: 'tensors', value: tensors },
    { kind: 'graphs', value: graphs },
  ]
  const candidates = single === null ? lists : [single, ...lists]
  const typeOf = (item: Attribute) => (item.kind === 'reference' ? undefined : ATTRIBUTE_TYPE[item.kind])
  const attribute =
    type === ATTRIBUTE_TYPE.undefined
      ? candidates.find(item => !Array.isArray(item.value) || item.value.length > 0)
      : (candidates.find(item => typeOf(item) === type) ?? DEFAULTS.find(item => typeOf(item) === type))
  if (attribute === undefined)
    throw new OnnxFormatError('missing-field', start, `Attribute '${name}' has no value of its type ${type}`)
  return [name, attribute]
}

/** proto3 writers may leave out a field whose value is zero. */
const DEFAULTS: readonly Attribute[] = [
  { kind: 'float', value: 0 },
  { kind: 'int', value: 0n },
  { kind: 'string', value: new Uint8Array() },
]

function push<T>(list: T[], value: T, field: Field): void {
  if (list.length >= MAX_ATTRIBUTE_VALUES) {
    throw new OnnxFormatError('over-limit', field.offset, `An attribute has more than ${MAX_ATTRIBUTE_VALUES} values.`)
  }
  list.push(value)
}
