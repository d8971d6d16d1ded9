/**
 * An ONNX model as a plain value: what `readModel` returns and `writeModel` takes. Names follow onnx.proto; tensors keep
 * their data as raw little-endian bytes whatever field of the file they came from.
 */
import type { DataType } from './data-type.ts'

export interface Model {
  readonly irVersion: number
  readonly producerName: string
  readonly producerVersion: string
  readonly domain: string
  readonly modelVersion: bigint
  readonly documentation: string
  readonly opsets: readonly OperatorSet[]
  readonly metadata: readonly MetadataEntry[]
  readonly graph: Graph
}

/** The standard operators have the domain `''`. */
export interface OperatorSet {
  readonly domain: string
  readonly version: number
}

export interface MetadataEntry {
  readonly key: string
  readonly value: string
}

export interface Graph {
  readonly name: string
  readonly documentation: string
  /** In topological order, as ONNX demands. */
  readonly nodes: readonly Node[]
  readonly initializers: readonly Tensor[]
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** Types of values in between, as far as the exporter knew them. */
  readonly valueInfo: readonly ValueInfo[]
}

export interface Node {
  readonly name: string
  readonly opType: string
  readonly domain: string
  /** An empty name is an optional input that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
  readonly documentation: string
  /** Which of the model's functions of this name is called; only where it has several. */
  readonly overload?: string
  /** Version of the standard operators where it is not the model's: the node comes from a function that asked for another. */
  readonly opset?: number
}

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | Reference

/** Inside a function, until it is inlined: the attribute of the call that has this name. */
export interface Reference {
  readonly kind: 'reference'
  readonly value: string
}

export interface Tensor {
  readonly name: string
  readonly type: DataType
  readonly shape: readonly number[]
  /** Little-endian elements, row-major; empty for strings. A view of the file it was read from. */
  readonly data: Uint8Array
  /** Only of type string. */
  readonly strings?: readonly Uint8Array[]
  readonly documentation: string
}

export interface ValueInfo {
  readonly name: string
  readonly documentation: string
  /** Null for values that are not tensors (sequences, maps), which are kept by name only. */
  readonly type: TensorType | null
}

export interface TensorType {
  readonly type: DataType
  /** A dimension is a size, the name of a symbolic one, or null when nothing is known; null: not even the rank is. */
  readonly shape: readonly Dimension[] | null
}

export type Dimension = number | string | null

export const DEFAULT_OPSET = 17
export const DEFAULT_IR_VERSION = 8
export const MICROSOFT_DOMAIN = 'com.microsoft'

/** A model around a graph, with defaults for all that is not given. */
export function makeModel(graph: Graph, options: Partial<Omit<Model, 'graph'>> = {}): Model {
  return {
    irVersion: DEFAULT_IR_VERSION,
    producerName: 'swarm-node',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    documentation: '',
    opsets: [{ domain: '', version: DEFAULT_OPSET }],
    metadata: [],
    ...options,
    graph,
  }
}

/** The standard operators' domain has two names. */
export function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx'
}

/** Version of the standard operators that the model asks for. */
export function standardOpset(model: Model): number {
  return model.opsets.find(set => isStandard(set.domain))?.version ?? 1
}
