/** Model value to ONNX bytes. The same value gives the same bytes on every machine. */
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  GRAPH,
  METADATA,
  MODEL,
  NODE,
  OPERATOR_SET,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './fields.ts'
import type { Attribute, Dimension, Graph, Model, Node, Tensor, ValueInfo } from './model.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

export function writeModel(model: Model): Uint8Array {
  const writer = new ProtobufWriter()
  writer.integer(MODEL.irVersion, model.irVersion)
  writer.optionalText(MODEL.producerName, model.producerName)
  writer.optionalText(MODEL.producerVersion, model.producerVersion)
  writer.optionalText(MODEL.domain, model.domain)
  if (model.modelVersion !== 0n) writer.integer(MODEL.modelVersion, model.modelVersion)
  writer.optionalText(MODEL.documentation, model.documentation)
  writer.message(MODEL.graph, graph => writeGraph(graph, model.graph))
  for (const { domain, version } of model.opsets) {
    writer.message(MODEL.opsetImport, set => {
      set.optionalText(OPERATOR_SET.domain, domain)
      set.integer(OPERATOR_SET.version, version)
    })
  }
  for (const { key, value } of model.metadata) {
    writer.message(MODEL.metadata, entry => {
      entry.text(METADATA.key, key)
      entry.text(METADATA.value, value)
    })
  }
  return writer.finish()
}

function writeGraph(writer: ProtobufWriter, graph: Graph): void {
  for (const node of graph.nodes) writer.message(GRAPH.nodes, inner => writeNode(inner, node))
  writer.text(GRAPH.name, graph.name)
  for (const tensor of graph.initializers) writer.message(GRAPH.initializers, inner => writeTensor(inner, tensor))
  writer.optionalText(GRAPH.documentation, graph.documentation)
  for (const info of graph.inputs) writer.message(GRAPH.inputs, inner => writeValueInfo(inner, info))
  for (const info of graph.outputs) writer.message(GRAPH.outputs, inner => writeValueInfo(inner, info))
  for (const info of graph.valueInfo) writer.message(GRAPH.valueInfo, inner => writeValueInfo(inner, info))
}

function writeNode(writer: ProtobufWriter, node: Node): void {
  if (node.opset !== undefined)
    throw new TypeError(`Node '${node.name}' is of opset ${node.opset}, which the model is not: prepare it first.`)
  for (const input of node.inputs) writer.text(NODE.inputs, input)
  for (const output of node.outputs) writer.text(NODE.outputs, output)
  writer.optionalText(NODE.name, node.name)
  writer.text(NODE.opType, node.opType)
  for (const [name, attribute] of node.attributes)
    writer.message(NODE.attributes, inner => writeAttribute(inner, name, attribute))
  writer.optionalText(NODE.documentation, node.documentation)
  writer.optionalText(NODE.domain, node.domain)
  writer.optionalText(NODE.overload, node.overload ?? '')
}

function writeAttribute(writer: ProtobufWriter, name: string, attribute: Attribute): void {
  writer.text(ATTRIBUTE.name, name)
  switch (attribute.kind) {
    case 'float':
      writer.float(ATTRIBUTE.float, attribute.value)
      break
    case 'int':
      writer.integer(ATTRIBUTE.int, attribute.value)
      break
    case 'string':
      writer.bytes(ATTRIBUTE.string, attribute.value)
      break
    case 'tensor':
      writer.message(ATTRIBUTE.tensor, inner => writeTensor(inner, attribute.value))
      break
    case 'graph':
      writer.message(ATTRIBUTE.graph, inner => writeGraph(inner, attribute.value))
      break
    case 'floats':
      for (const value of attribute.value) writer.float(ATTRIBUTE.floats, value)
      break
    case 'ints':
      for (const value of attribute.value) writer.integer(ATTRIBUTE.ints, value)
      break
    case 'strings':
      for (const value of attribute.value) writer.bytes(ATTRIBUTE.strings, value)
      break
    case 'tensors':
      for (const value of attribute.value) writer.message(ATTRIBUTE.tensors, inner => writeTensor(inner, value))
      break
    case 'graphs':
      for (const value of attribute.value) writer.message(ATTRIBUTE.graphs, inner => writeGraph(inner, value))
      break
    case 'reference':
      throw new TypeError(`Attribute '${name}' refers to a function's attribute, and functions are not written.`)
  }
  writer.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE[attribute.kind])
}

function writeTensor(writer: ProtobufWriter, tensor: Tensor): void {
  for (const size of tensor.shape) writer.integer(TENSOR.dims, size)
  writer.integer(TENSOR.type, tensor.type)
  for (const text of tensor.strings ?? []) writer.bytes(TENSOR.stringData, text)
  writer.optionalText(TENSOR.name, tensor.name)
  if (tensor.strings === undefined) writer.bytes(TENSOR.rawData, tensor.data)
  writer.optionalText(TENSOR.documentation, tensor.documentation)
}

function writeValueInfo(writer: ProtobufWriter, info: ValueInfo): void {
  writer.text(VALUE_INFO.name, info.name)
  const { type } = info
  if (type !== null) {
    writer.message(VALUE_INFO.type, outer =>
      outer.message(TYPE.tensor, inner => {
        inner.integer(TENSOR_TYPE.elementType, type.type)
        const { shape } = type
        if (shape !== null) inner.message(TENSOR_TYPE.shape, dims => writeShape(dims, shape))
      }),
    )
  }
  writer.optionalText(VALUE_INFO.documentation, info.documentation)
}

function writeShape(writer: ProtobufWriter, shape: readonly Dimension[]): void {
  for (const size of shape) {
    writer.message(SHAPE.dimension, inner => {
      if (typeof size === 'number') inner.integer(DIMENSION.value, size)
      if (typeof size === 'string') inner.text(DIMENSION.parameter, size)
    })
  }
}
