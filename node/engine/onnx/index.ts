/**
 * ONNX files without a library: a model is a plain value, `readModel` and `writeModel` turn bytes into it and back.
 *
 * ONNX is one protocol-buffers message (onnx.proto). Reading starts at `read.ts`, goes on in `read-graph.ts` (graphs, nodes),
 * `read-attribute.ts` and `read-tensor.ts`, and ends in `protobuf-reader.ts`, the wire format; `fields.ts` has the field
 * numbers. Functions that a model defines are put where they are called (`inline.ts`), and data in other files is read only
 * through what the caller hands in (`external-data.ts`). Files may come from anyone, so the reader is strict and bounded (`limits.ts`): whatever the bytes are, it either
 * returns a model or throws an `OnnxFormatError` that says where and why.
 *
 * The next step is `../autodiff`: from a model to a model with gradients.
 */
export { byteLength, DataType, dataTypeName, isFloat } from './data-type.ts'
export type { OnnxFaultReason } from './errors.ts'
export { OnnxFormatError } from './errors.ts'
export type { ExternalData, ExternalRange } from './external-data.ts'
export { ExternalDataError } from './external-data.ts'
export { MAX_MODEL_BYTES } from './limits.ts'
export type { AttributeValue } from './make.ts'
export { bytesOf, floatTensor, intTensor, makeAttribute, makeGraph, makeNode, makeValueInfo } from './make.ts'
export type {
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
export { DEFAULT_IR_VERSION, DEFAULT_OPSET, MICROSOFT_DOMAIN, makeModel, standardOpset } from './model.ts'
export { namesOf } from './names.ts'
export type { ReadOptions } from './read.ts'
export { readModel } from './read.ts'
export { writeModel } from './write.ts'
