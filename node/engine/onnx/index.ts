/**
 * ONNX files without a library: a model is a plain value, `readModel` and `writeModel` turn bytes into it and back.
 *
 * ONNX is one protocol-buffers message (onnx.proto). Reading starts at `read.ts` (models, graphs, nodes), goes on in
 * `read-attribute.ts` and `read-tensor.ts`, and ends in `protobuf-reader.ts`, the wire format; `fields.ts` has the field
 * numbers. Files may come from anyone, so the reader is strict and bounded (`limits.ts`): whatever the bytes are, it either
 * returns a model or throws an `OnnxFormatError` that says where and why.
 *
 * The next step is `../autodiff`: from a model to a model with gradients.
 */
export { byteLength, DataType, dataTypeName, isFloat } from './data-type.ts'
export type { OnnxFaultReason } from './errors.ts'
export { OnnxFormatError } from './errors.ts'
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
export { readModel } from './read.ts'
export { writeModel } from './write.ts'
