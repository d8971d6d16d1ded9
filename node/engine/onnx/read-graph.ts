/** Graphs, nodes and types. Unknown fields are skipped; what would change the meaning when skipped is refused. */
import { DataType, isDataType } from './data-type.ts'
import { OnnxFormatError } from './errors.ts'
import { DIMENSION, GRAPH, NODE, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './fields.ts'
import { MAX_GRAPH_DEPTH, MAX_RANK } from './limits.ts'
import {
  type Attribute,
  type Dimension,
  type Graph,
  isStandard,
  type Node,
  type Tensor,
  type TensorType,
  type ValueInfo,
} from './model.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readAttribute } from './read-attribute.ts'
import type { ReadContext } from './read-context.ts'
import { readSparseTensor } from './read-sparse.ts'
import { readTensor } from './read-tensor.ts'

export function readGraph(reader: ProtobufReader, context: ReadContext): Graph {
  if (context.depth > MAX_GRAPH_DEPTH)
    throw new OnnxFormatError('over-limit', reader.position, `Graphs nest deeper than ${MAX_GRAPH_DEPTH}.`)
  let name = ''
  let documentation = ''
  const nodes: Node[] = []
  const initializers: Tensor[] = []
  const inputs: ValueInfo[] = []
  const outputs: ValueInfo[] = []
  const valueInfo: ValueInfo[] = []
  for (const field of reader.fields()) {
    switch (field.number) {
      case GRAPH.nodes:
        nodes.push(readNode(reader.message(field), context))
        break
      case GRAPH.name:
        name = reader.text(field)
        break
      case GRAPH.initializers:
        initializers.push(readTensor(reader.message(field), context.external))
        break
      case GRAPH.documentation:
        documentation = reader.text(field)
        break
      case GRAPH.inputs:
        inputs.push(readValueInfo(reader.message(field)))
        break
      case GRAPH.outputs:
        outputs.push(readValueInfo(reader.message(field)))
        break
      case GRAPH.valueInfo:
        valueInfo.push(readValueInfo(reader.message(field)))
        break
      case GRAPH.sparseInitializers:
        initializers.push(readSparseTensor(reader.message(field), context))
        break
      default:
        reader.skip(field)
    }
  }
  return { name, documentation, nodes, initializers, inputs, outputs, valueInfo }
}

export function readNode(reader: ProtobufReader, context: ReadContext): Node {
  const start = reader.position
  let name = ''
  let opType = ''
  let domain = ''
  let documentation = ''
  let overload = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, Attribute>()
  for (const field of reader.fields()) {
    switch (field.number) {
      case NODE.inputs:
        inputs.push(reader.text(field))
        break
      case NODE.outputs:
        outputs.push(reader.text(field))
        break
      case NODE.name:
        name = reader.text(field)
        break
      case NODE.opType:
        opType = reader.text(field)
        break
      case NODE.attributes: {
        const [key, attribute] = readAttribute(reader.message(field), context, inner =>
          readGraph(inner, { ...context, depth: context.depth + 1 }),
        )
        attributes.set(key, attribute)
        break
      }
      case NODE.documentation:
        documentation = reader.text(field)
        break
      case NODE.domain:
        domain = reader.text(field)
        break
      case NODE.overload:
        overload = reader.text(field)
        break
      default:
        reader.skip(field)
    }
  }
  if (opType === '') throw new OnnxFormatError('missing-field', start, `Node '${name}' has no operator`)
  // The only attribute of the standard operators that holds a sparse tensor; it was read as an ordinary one.
  const sparse = opType === 'Constant' ? attributes.get('sparse_value') : undefined
  if (sparse?.kind === 'tensor') {
    attributes.delete('sparse_value')
    attributes.set('value', sparse)
  }
  const node = { name, opType, domain: isStandard(domain) ? '' : domain, inputs, outputs, attributes, documentation }
  return overload === '' ? node : { ...node, overload }
}

function readValueInfo(reader: ProtobufReader): ValueInfo {
  let name = ''
  let documentation = ''
  let type: TensorType | null = null
  for (const field of reader.fields()) {
    if (field.number === VALUE_INFO.name) name = reader.text(field)
    else if (field.number === VALUE_INFO.documentation) documentation = reader.text(field)
    else if (field.number === VALUE_INFO.type) type = readType(reader.message(field))
    else reader.skip(field)
  }
  return { name, documentation, type }
}

function readType(reader: ProtobufReader): TensorType | null {
  let type: TensorType | null = null
  for (const field of reader.fields()) {
    if (field.number === TYPE.tensor) type = readTensorType(reader.message(field))
    else reader.skip(field)
  }
  return type
}

function readTensorType(reader: ProtobufReader): TensorType {
  let type: DataType = DataType.undefined
  let shape: Dimension[] | null = null
  for (const field of reader.fields()) {
    if (field.number === TENSOR_TYPE.elementType) {
      const code = reader.integer(field)
      if (!isDataType(code)) throw new OnnxFormatError('unsupported', field.offset, `Element type ${code} is not known`)
      type = code
    } else if (field.number === TENSOR_TYPE.shape) shape = readShape(reader.message(field))
    else reader.skip(field)
  }
  return { type, shape }
}

function readShape(reader: ProtobufReader): Dimension[] {
  const shape: Dimension[] = []
  for (const field of reader.fields()) {
    if (field.number !== SHAPE.dimension) reader.skip(field)
    else if (shape.length >= MAX_RANK)
      throw new OnnxFormatError('over-limit', field.offset, `A value has more than ${MAX_RANK} dimensions.`)
    else shape.push(readDimension(reader.message(field)))
  }
  return shape
}

function readDimension(reader: ProtobufReader): Dimension {
  let size: Dimension = null
  for (const field of reader.fields()) {
    if (field.number === DIMENSION.value) {
      size = reader.integer(field)
      // Old exporters write -1 (or 0 with a parameter) for a dimension that is not known.
      if (size < 0) size = null
    } else if (field.number === DIMENSION.parameter) size = reader.text(field) || null
    else reader.skip(field)
  }
  return size
}
