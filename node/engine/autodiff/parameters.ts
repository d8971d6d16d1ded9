/** Which tensors of a file are trained, as far as it tells them from constants. */
import { DataType, type Graph, isFloat, type Node, type Tensor } from '../onnx/index.ts'
import { intAttribute, tensorAttribute } from './attributes.ts'
import { gradientRule } from './gradients/index.ts'
import { graphsOf, usedNames } from './prune.ts'
import { elements, type Shape } from './shape.ts'
import { operatorKey } from './shapes/index.ts'
import { tablesAmong } from './tables.ts'

/** Inputs that steer an operator: what only they take is no parameter. */
const STEERING: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  SoftmaxCrossEntropyLoss: [2],
  NegativeLogLikelihoodLoss: [2],
  // Statistics are measured, not trained: a step along their gradient could make a variance negative.
  BatchNormalization: [3, 4],
  RotaryEmbedding: [1, 2],
  'com.microsoft.RotaryEmbedding': [2, 3],
  'com.microsoft.GroupQueryAttention': [7, 8],
}

/** Inputs in which an operator takes weights, biases and scales. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  MatMul: [0, 1],
  Gemm: [0, 1, 2],
  Einsum: [0, 1, 2],
  Gather: [0],
  PRelu: [1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  LayerNormalization: [1, 2],
  SimplifiedLayerNormalization: [1],
  RMSNormalization: [1],
  LSTM: [1, 2, 3, 7],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
  'com.microsoft.FusedMatMul': [0, 1],
  'com.microsoft.FusedGemm': [0, 1, 2],
  'com.microsoft.FusedConv': [1, 2],
  'com.microsoft.SkipLayerNormalization': [2, 3, 4],
  'com.microsoft.SkipSimplifiedLayerNormalization': [2, 3],
  'com.microsoft.EmbedLayerNormalization': [2, 3, 4, 5, 6],
  'com.microsoft.Attention': [1, 2],
  'com.microsoft.MultiHeadAttention': [3],
  'com.microsoft.GroupQueryAttention': [11],
}

/** A bias is added to what these compute. */
const PRODUCTS = new Set(['Conv', 'ConvTranspose', 'MatMul', 'Gemm', 'Einsum'])

/** What may stand between a weight and its operator, or between a product and its bias. */
const MOVES = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Cast'])

/** So transformers names the frequencies of rotary positions, some of which are no plain series. */
const FREQUENCIES = /(^|[./])inv_freq$/

/** TensorFlow's exporter names a variable by the node that reads it. */
const VARIABLE = /ReadVariableOp/

/**
 * Floating point initializers of more than one element, but for those that reach the outputs through whole numbers or
 * steering inputs alone, and those whose values tell them for tables (`tables.ts`). One element may as well be a constant of the formula: it counts in a weight's place. A file without
 * such initializers keeps its weights in Constant nodes; those count in a weight's place too.
 */
export function parametersOf(graph: Graph): string[] {
  const weights = weightPlaces(nodesOf(graph))
  const reached = reachedNames(graph)
  const used = new Set(graph.nodes.flatMap(usedNames))
  const isWeight = (name: string, shape: Shape) =>
    weights.operands.has(name) || (weights.biases.has(name) && shape.length > 0 && isVector(shape))
  const candidates = initializersOf(graph).filter(({ name, type, shape }) => {
    if (!isFloat(type) || FREQUENCIES.test(name)) return false
    if (elements(shape) === 1) return isWeight(name, shape) || (VARIABLE.test(name) && reached.has(name))
    return elements(shape) > 0 && (!used.has(name) || reached.has(name))
  })
  const tables = tablesAmong(candidates)
  const trained = candidates.filter(({ name }) => !tables.has(name))
  if (trained.length > 0) return trained.map(({ name }) => name)
  return graph.nodes.flatMap(node => {
    const value = node.domain === '' && node.opType === 'Constant' ? tensorAttribute(node, 'value') : null
    const name = node.outputs[0] ?? ''
    return value !== null && isFloat(value.type) && isWeight(name, value.shape) ? [name] : []
  })
}

/** Those of graphs inside of nodes among them: the body of a loop may bring its weights. */
function initializersOf(graph: Graph): Tensor[] {
  return [...graph.initializers, ...graph.nodes.flatMap(graphsOf).flatMap(initializersOf)]
}

function nodesOf(graph: Graph): Node[] {
  return graph.nodes.flatMap(node => [...graphsOf(node).flatMap(nodesOf), node])
}

function placesIn(table: Readonly<Record<string, readonly number[]>>, node: Node): readonly number[] {
  const key = operatorKey(node)
  return Object.hasOwn(table, key) ? table[key]! : []
}

/** At most one axis is longer than 1. */
function isVector(shape: Shape): boolean {
  return shape.filter(size => size !== 1).length <= 1
}

/** Values in a weight's place, as they are or moved, and values that are added to a product. */
function weightPlaces(nodes: readonly Node[]): { operands: Set<string>; biases: Set<string> } {
  const products = new Set<string>()
  const biases = new Set<string>()
  for (const node of nodes) {
    const isMoved = MOVES.has(node.opType) && products.has(node.inputs[0] ?? '')
    if (PRODUCTS.has(node.opType) || isMoved) products.add(node.outputs[0] ?? '')
    const [a = '', b = ''] = node.inputs
    if (node.opType !== 'Add') continue
    if (products.has(a)) biases.add(b)
    if (products.has(b)) biases.add(a)
  }
  const operands = new Set<string>()
  for (const node of nodes.toReversed()) {
    for (const place of placesIn(WEIGHTS, node)) operands.add(node.inputs[place] ?? '')
    const [input = ''] = node.inputs
    if (!MOVES.has(node.opType)) continue
    if (operands.has(node.outputs[0] ?? '')) operands.add(input)
    if (biases.has(node.outputs[0] ?? '')) biases.add(input)
  }
  return { operands, biases }
}

/** Values that the graph's outputs depend on by more than whole numbers and steering inputs. */
function reachedNames(graph: Graph): Set<string> {
  const reached = new Set(graph.outputs.map(({ name }) => name))
  for (const node of graph.nodes.toReversed()) {
    if (isFlat(node) || !node.outputs.some(name => reached.has(name))) continue
    const steering = placesIn(STEERING, node)
    const taken = new Set(steering.map(place => node.inputs[place]))
    const kept = node.inputs.filter((_, place) => !steering.includes(place))
    for (const name of usedNames(node)) if (!taken.has(name) || kept.includes(name)) reached.add(name)
  }
  return reached
}

/** No gradient flows through the node. */
function isFlat(node: Node): boolean {
  if (node.domain === '' && node.opType === 'Cast') {
    const to = intAttribute(node, 'to', DataType.float32)
    return !Object.values(DataType).some(type => type === to && isFloat(type))
  }
  return gradientRule(operatorKey(node))?.length === 0
}
