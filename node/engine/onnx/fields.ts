/** Field numbers of onnx.proto (ONNX 1.20). Those that are not here are skipped when read. */

export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  domain: 4,
  modelVersion: 5,
  documentation: 6,
  graph: 7,
  opsetImport: 8,
  metadata: 14,
  functions: 25,
} as const

export const FUNCTION = {
  name: 1,
  inputs: 4,
  outputs: 5,
  nodes: 7,
  opsetImport: 9,
  domain: 10,
  defaults: 11,
  overload: 13,
} as const

export const OPERATOR_SET = { domain: 1, version: 2 } as const

export const METADATA = { key: 1, value: 2 } as const

export const GRAPH = {
  nodes: 1,
  name: 2,
  initializers: 5,
  documentation: 10,
  inputs: 11,
  outputs: 12,
  valueInfo: 13,
  sparseInitializers: 15,
} as const

export const NODE = {
  inputs: 1,
  outputs: 2,
  name: 3,
  opType: 4,
  attributes: 5,
  documentation: 6,
  domain: 7,
  overload: 8,
} as const

export const ATTRIBUTE = {
  name: 1,
  float: 2,
  int: 3,
  string: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  tensors: 10,
  graphs: 11,
  type: 20,
  referenceName: 21,
  sparseTensor: 22,
} as const

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPE = {
  undefined: 0,
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const

/** A sparse tensor is read as an ordinary one. */
export const SPARSE_TENSOR_TYPE = 11

export const TENSOR = {
  dims: 1,
  type: 2,
  segment: 3,
  floatData: 4,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  documentation: 12,
  externalData: 13,
  dataLocation: 14,
} as const

export const SPARSE_TENSOR = { values: 1, indices: 2, dims: 3 } as const

/** StringStringEntryProto, as TensorProto.external_data has it. */
export const EXTERNAL_ENTRY = { key: 1, value: 2 } as const

export const VALUE_INFO = { name: 1, type: 2, documentation: 3 } as const

export const TYPE = { tensor: 1 } as const

export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const

export const SHAPE = { dimension: 1 } as const

export const DIMENSION = { value: 1, parameter: 2 } as const
