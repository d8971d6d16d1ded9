/** Attributes of a node as plain values. */
import type { Node, Tensor } from '../onnx/index.ts'

const decoder = new TextDecoder()

export function intAttribute(node: Node, name: string, otherwise: number): number {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'int' ? Number(attribute.value) : otherwise
}

export function floatAttribute(node: Node, name: string, otherwise: number): number {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'float' ? attribute.value : otherwise
}

export function textAttribute(node: Node, name: string, otherwise: string): string {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'string' ? decoder.decode(attribute.value) : otherwise
}

export function textsAttribute(node: Node, name: string): string[] | null {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'strings' ? attribute.value.map(text => decoder.decode(text)) : null
}

export function intsAttribute(node: Node, name: string): number[] | null {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'ints' ? attribute.value.map(Number) : null
}

export function floatsAttribute(node: Node, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'floats' ? attribute.value : null
}

export function tensorAttribute(node: Node, name: string): Tensor | null {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'tensor' ? attribute.value : null
}
