/** Short constructors for the parts of a model. */
import { DataType } from './data-type.ts'
import type { Attribute, Dimension, Graph, Node, Tensor, ValueInfo } from './model.ts'

/** A plain value as an attribute; floats must say so, because 1 may be either. */
export type AttributeValue =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly string[]
  | Tensor
  | { readonly float: number }
  | { readonly floats: readonly number[] }

const encoder = new TextEncoder()

export function makeAttribute(value: AttributeValue): Attribute {
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'int', value: BigInt(value) }
  if (typeof value === 'string') return { kind: 'string', value: encoder.encode(value) }
  if (isTexts(value)) return { kind: 'strings', value: value.map(item => encoder.encode(item)) }
  if (isList(value)) return { kind: 'ints', value: value.map(item => BigInt(item)) }
  if ('float' in value) return { kind: 'float', value: value.float }
  if ('floats' in value) return { kind: 'floats', value: value.floats }
  return { kind: 'tensor', value }
}

function isTexts(value: AttributeValue): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(item => typeof item === 'string')
}

function isList(value: AttributeValue): value is readonly number[] {
  return Array.isArray(value)
}

export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  options: { readonly name?: string; readonly domain?: string } = {},
): Node {
  const map = new Map(Object.entries(attributes).map(([name, value]) => [name, makeAttribute(value)]))
  return {
    name: options.name ?? '',
    opType,
    domain: options.domain ?? '',
    inputs,
    outputs,
    attributes: map,
    documentation: '',
  }
}

export function makeValueInfo(name: string, type: DataType, shape: readonly Dimension[]): ValueInfo {
  return { name, documentation: '', type: { type, shape } }
}

export function makeGraph(name: string, parts: Partial<Omit<Graph, 'name'>>): Graph {
  return { documentation: '', nodes: [], initializers: [], inputs: [], outputs: [], valueInfo: [], ...parts, name }
}

export function floatTensor(name: string, shape: readonly number[], values: ArrayLike<number>): Tensor {
  return { name, type: DataType.float32, shape, data: bytesOf(Float32Array.from(values)), documentation: '' }
}

export function intTensor(name: string, shape: readonly number[], values: readonly (number | bigint)[]): Tensor {
  return { name, type: DataType.int64, shape, data: bytesOf(BigInt64Array.from(values, BigInt)), documentation: '' }
}

/** Every platform that runs this (V8 on x86 and ARM) is little-endian, as ONNX is. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
