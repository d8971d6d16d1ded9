/** ONNX bytes to a model value. Unknown fields are skipped; what would change the meaning when skipped is refused. */
import { OnnxFormatError } from './errors.ts'
import type { ExternalData } from './external-data.ts'
import { METADATA, MODEL } from './fields.ts'
import { inlineFunctions } from './inline.ts'
import { MAX_MODEL_BYTES } from './limits.ts'
import type { Graph, MetadataEntry, Model, OperatorSet } from './model.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import type { ReadContext } from './read-context.ts'
import { type ModelFunction, readFunction } from './read-function.ts'
import { readGraph } from './read-graph.ts'
import { readOperatorSet } from './read-opset.ts'

export interface ReadOptions {
  /** What may be read beside the model; without it, a model with weights in other files is refused. */
  readonly externalData?: ExternalData
}

/**
 * @param bytes the whole file; tensors of the result are views of it
 * @returns the model, with the functions it defines put where they are called
 * @throws OnnxFormatError
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
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
  const functions: ModelFunction[] = []
  const context: ReadContext = {
    external: options.externalData ?? null,
    inFunction: false,
    dense: { bytes: 0 },
    depth: 0,
  }
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
        graph = readGraph(reader.message(field), context)
        break
      case MODEL.opsetImport:
        opsets.push(readOperatorSet(reader.message(field)))
        break
      case MODEL.metadata:
        metadata.push(readMetadata(reader.message(field)))
        break
      case MODEL.functions:
        functions.push(readFunction(reader.message(field), context))
        break
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
  const inlined = inlineFunctions(graph, opsets, functions)
  return { irVersion, producerName, producerVersion, domain, modelVersion, documentation, metadata, ...inlined }
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
