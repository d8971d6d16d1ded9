/** ONNX bytes to a model value. Unknown fields are skipped; what would change the meaning when skipped is refused. */
import { DataType, isDataType } from './data-type.ts'
import { OnnxFormatError } from './errors.ts'
import {
  DIMENSION,
  GRAPH,
  METADATA,
  MODEL,
  NODE,
  OPERATOR_SET,
  SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './fields.ts'
import { MAX_GRAPH_DEPTH, MAX_MODEL_BYTES, MAX_RANK } from './limits.ts'
import type {
  Attribute,
  Dimension,
  Graph,
  MetadataEntry,
  Model,
  Node,
  OperatorSet,
  Tensor,
  TensorType,
  ValueInfo,
} from './model.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { readAttribute } from './read-attribute.ts'
import { readTensor } from './read-tensor.ts'

/**
 * @param bytes the whole file; tensors of the result are views of it
 * @throws OnnxFormatError
 */
export function readModel(bytes: Uint8Array): Model {
  if (bytes.length > MAX_MODEL_BYTES)
    throw new OnnxFormatError('over-limit', 0, `The model has more than ${MAX_MODEL_BYTES} bytes.`)
  const reader = new ProtobufReader(bytes)
  let irVersion = 0
  let producerName = ''
  let producerVersion = ''
  let domain = ''
  let modelVersion = 0n
  let documentation = ''
  let graph: Graph | null = null
  const opsets: OperatorSet[] = []
  const metadata: MetadataEntry[] = []
  for (const field of reader.fields()) {
    switch (field.number) {
      case MODEL.irVersion:
        irVersion = reader.integer(field)
        break
      case MODEL.producerName:
        producerName = reader.text(field)
        break
      case MODEL.producerVersion:
        producerVersion = reader.text(field)
        break
      case MODEL.domain:
        domain = reader.text(field)
        break
      case MODEL.modelVersion:
        modelVersion = reader.bigint(field)
        break
      case MODEL.documentation:
        documentation = reader.text(field)
        break
      case MODEL.graph:
        graph = readGraph(reader.message(field), 0)
        break
      case MODEL.opsetImport:
        opsets.push(readOperatorSet(reader.message(field)))
        break
      case MODEL.metadata:
        metadata.push(readMetadata(reader.message(field)))
        break
      case MODEL.functions:
        throw new OnnxFormatError(
          'unsupported',
          field.offset,
          'The model defines functions of its own; export it with them inlined',
        )
      default:
        reader.skip(field)
    }
  }
  if (graph === null)
    throw new OnnxFormatError(
      'missing-field',
      reader.position,
      'The bytes have no graph, so they are not an ONNX model',
    )
  return { irVersion, producerName, producerVersion, domain, modelVersion, documentation, opsets, metadata, graph }
}

function readOperatorSet(reader: ProtobufReader): OperatorSet {
  let domain = ''
  let version = 0
  for (const field of reader.fields()) {
    if (field.number === OPERATOR_SET.domain) domain = reader.text(field)
    else if (field.number === OPERATOR_SET.version) version = reader.integer(field)
    else reader.skip(field)
  }
  return { domain, version }
}

function readMetadata(reader: ProtobufReader): MetadataEntry {
  let key = ''
  let value = ''
  for (const field of reader.fields()) {
    if (field.number === METADATA.key) key = reader.text(field)
    else if (field.number === METADATA.value) value = reader.text(field)
    else reader.skip(field)
  }
  return { key, value }
}

function readGraph(reader: ProtobufReader, depth: number): Graph {
  if (depth > MAX_GRAPH_DEPTH)
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
        nodes.push(readNode(reader.message(field), depth))
        break
      case GRAPH.name:
        name = reader.text(field)
        break
      case GRAPH.initializers:
        initializers.push(readTensor(reader.message(field)))
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
        throw new OnnxFormatError('unsupported', field.offset, 'The graph has sparse initializers')
      default:
        reader.skip(field)
    }
  }
  return { name, documentation, nodes, initializers, inputs, outputs, valueInfo }
}

function readNode(reader: ProtobufReader, depth: number): Node {
  const start = reader.position
  let name = ''
  let opType = ''
  let domain = ''
  let documentation = ''
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
        const [key, attribute] = readAttribute(reader.message(field), graph => readGraph(graph, depth + 1))
        attributes.set(key, attribute)
        break
      }
      case NODE.documentation:
        documentation = reader.text(field)
        break
      case NODE.domain:
        domain = reader.text(field)
        break
      default:
        reader.skip(field)
    }
  }
  if (opType === '') throw new OnnxFormatError('missing-field', start, `Node '${name}' has no operator`)
  return { name, opType, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes, documentation }
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
