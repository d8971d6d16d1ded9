/** Floating point operations and memory of the nodes of an imported graph, from their static shapes. */
import type { Operators } from '../autodiff/index.ts'
import { elements } from '../autodiff/shape.ts'
import { isFloat, type Node } from '../onnx/index.ts'

const BYTES_PER_VALUE = 4

/** Multiply and add for each output value and each term of its sum. */
const SUMS: Readonly<Record<string, (g: Operators, node: Node, outputs: number) => number>> = {
  MatMul: (g, node, outputs) => 2 * outputs * (shapeOf(g, node, 0).at(-1) ?? 1),
  Gemm: (g, node, outputs) => (2 * elements(shapeOf(g, node, 0)) * outputs) / (g.find(node.outputs[0]!)?.shape[0] ?? 1),
  Conv: (g, node, outputs) => 2 * outputs * elements(shapeOf(g, node, 1).slice(1)),
  ConvTranspose: (g, node) => 2 * elements(shapeOf(g, node, 0)) * elements(shapeOf(g, node, 1).slice(1)),
}

/** Operators that move or rename values; their time is their memory. */
const MOVES = new Set(
  'Identity Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Gather Expand Shape Cast Dropout'.split(' '),
)

/** Whether its time is that of a sum for each output. */
export function isProduct(node: Node): boolean {
  return Object.hasOwn(SUMS, node.opType)
}

/** Operations of a node's forward; what is not a product counts one for each value. */
export function nodeFlops(g: Operators, node: Node): number {
  const outputs = outputValues(g, node)
  if (MOVES.has(node.opType)) return 0
  return SUMS[node.opType]?.(g, node, outputs) ?? outputs
}

/** Bytes that a node keeps for the backward: its outputs. */
export function nodeBytes(g: Operators, node: Node): number {
  return MOVES.has(node.opType) ? 0 : BYTES_PER_VALUE * outputValues(g, node)
}

function outputValues(g: Operators, node: Node): number {
  return node.outputs.reduce((sum, name) => {
    const value = g.find(name)
    return sum + (value && isFloat(value.type) ? elements(value.shape) : 0)
  }, 0)
}

function shapeOf(g: Operators, node: Node, index: number): readonly number[] {
  return g.find(node.inputs[index] ?? '')?.shape ?? []
}
