/** Graphs as ONNX Runtime's optimiser writes them. */
import {
  type AttributeValue,
  DataType,
  floatTensor,
  intTensor,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../../../../node/engine/onnx/index.ts'
import { type Feed, product, random } from '../support.ts'
import { float, MS } from './case.ts'

const OPSETS = [
  { domain: '', version: 17 },
  { domain: MS, version: 1 },
]

export const fused = (
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, AttributeValue> = {},
) => makeNode(opType, inputs, outputs, attributes, { name: `fused.${outputs[0]}`, domain: MS })

const untyped = (name: string): ValueInfo => ({
  name,
  documentation: '',
  type: { type: DataType.float32, shape: null },
})

const next = random(11)
export const draw = (shape: readonly number[]) => Array.from({ length: product(shape) }, () => 2 * next() - 1)
const weight = (name: string, ...shape: number[]) => floatTensor(name, shape, draw(shape))
export const whole = (shape: readonly number[], data: readonly number[]): Feed => ({
  type: DataType.int32,
  shape,
  data,
})
export const asInput = ([name, { type, shape }]: [string, Feed]) => makeValueInfo(name, type, shape)

export function modelOf(nodes: Node[], initializers: Tensor[], inputs: ValueInfo[], outputs: string[]): Model {
  const graph = makeGraph('fused', { nodes, initializers, inputs, outputs: outputs.map(untyped) })
  return makeModel(graph, { opsets: OPSETS, irVersion: 8 })
}

/** An encoder's layer after `optimize_model(.., 'bert')`: tables, projections in one, biases in the normalisations. */
export function encoder(): { model: Model; feeds: Record<string, Feed> } {
  const nodes = [
    fused(
      'EmbedLayerNormalization',
      ['ids', 'segments', 'words', 'places', 'kinds', 'scale0', 'bias0', 'mask'],
      ['embedded', 'lengths'],
    ),
    fused('Attention', ['embedded', 'qkv', 'qkv.bias', 'lengths'], ['mixed'], { num_heads: 2 }),
    makeNode('MatMul', ['mixed', 'projection'], ['projected']),
    fused('SkipLayerNormalization', ['projected', 'embedded', 'scale1', 'bias1', 'projection.bias'], ['attended']),
    makeNode('MatMul', ['attended', 'wider'], ['wide']),
    fused('FastGelu', ['wide', 'wider.bias'], ['active']),
    makeNode('MatMul', ['active', 'narrower'], ['narrow']),
    fused('SkipLayerNormalization', ['narrow', 'attended', 'scale2', 'bias2', 'narrower.bias'], ['y']),
  ]
  const weights = [
    weight('words', 7, 8),
    weight('places', 6, 8),
    weight('kinds', 2, 8),
    ...[0, 1, 2].flatMap(at => [weight(`scale${at}`, 8), weight(`bias${at}`, 8)]),
    weight('qkv', 8, 24),
    weight('qkv.bias', 24),
    weight('projection', 8, 8),
    weight('projection.bias', 8),
    weight('wider', 8, 16),
    weight('wider.bias', 16),
    weight('narrower', 16, 8),
    weight('narrower.bias', 8),
  ]
  const feeds = {
    ids: whole([2, 4], [1, 3, 2, 6, 0, 5, 4, 4]),
    segments: whole([2, 4], [0, 0, 1, 1, 0, 1, 0, 0]),
    mask: whole([2, 4], [1, 1, 1, 1, 1, 1, 0, 0]),
  }
  return { model: modelOf(nodes, weights, Object.entries(feeds).map(asInput), ['y']), feeds }
}

/** A decoder's layer as models are built for ONNX Runtime: an open cache, lengths from the mask, tables of positions. */
export function decoder(): { model: Model; feeds: Record<string, Feed> } {
  const size = 32
  const simplified = { axis: -1, epsilon: float(1e-5), stash_type: 1 }
  const nodes = [
    makeNode('ReduceSum', ['mask', 'one'], ['counts'], { keepdims: 0 }),
    makeNode('Sub', ['counts', 'one'], ['lasts']),
    makeNode('Cast', ['lasts'], ['seqlens_k'], { to: DataType.int32 }),
    makeNode('Shape', ['mask'], ['mask.shape']),
    makeNode('Gather', ['mask.shape', 'one'], ['length']),
    makeNode('Cast', ['length'], ['total'], { to: DataType.int32 }),
    makeNode('Gather', ['table', 'ids'], ['embedded']),
    makeNode('SimplifiedLayerNormalization', ['embedded', 'scale0'], ['normal'], simplified),
    ...['q', 'k', 'v'].map(name => makeNode('MatMul', ['normal', `w.${name}`], [name])),
    fused(
      'GroupQueryAttention',
      ['q', 'k', 'v', 'past.key', 'past.value', 'seqlens_k', 'total', 'cos', 'sin'],
      ['mixed', 'present.key', 'present.value'],
      { num_heads: 2, kv_num_heads: 1, do_rotary: 1, local_window_size: -1 },
    ),
    makeNode('MatMul', ['mixed', 'w.o'], ['projected']),
    fused('SkipSimplifiedLayerNormalization', ['embedded', 'projected', 'scale1'], ['attended', '', '', 'sum']),
    makeNode('MatMul', ['attended', 'w.up'], ['wide']),
    fused('QuickGelu', ['wide'], ['active'], { alpha: float(1) }),
    makeNode('MatMul', ['active', 'w.down'], ['narrow']),
    fused('SkipSimplifiedLayerNormalization', ['sum', 'narrow', 'scale2'], ['y']),
  ]
  const weights = [
    weight('table', 5, size),
    ...[0, 1, 2].map(at => weight(`scale${at}`, size)),
    ...['w.q', 'w.o', 'w.up', 'w.down'].map(name => weight(name, size, size)),
    ...['w.k', 'w.v'].map(name => weight(name, size, size / 2)),
    weight('cos', 9, 8),
    weight('sin', 9, 8),
    intTensor('one', [1], [1]),
  ]
  const feeds = {
    ids: whole([2, 3], [1, 3, 2, 0, 4, 4]),
    mask: { type: DataType.int64, shape: [2, 3], data: [1, 1, 1, 1, 1, 0] },
    'past.key': { type: DataType.float32, shape: [2, 1, 0, 16], data: [] },
    'past.value': { type: DataType.float32, shape: [2, 1, 0, 16], data: [] },
  }
  const outputs = ['y', 'present.key', 'present.value']
  const open: Record<string, (number | string)[]> = {
    mask: [2, 'total_sequence_length'],
    'past.key': [2, 1, 'past_sequence_length', 16],
    'past.value': [2, 1, 'past_sequence_length', 16],
  }
  const inputs = Object.entries(feeds).map(([name, { type, shape }]) => makeValueInfo(name, type, open[name] ?? shape))
  return { model: modelOf(nodes, weights, inputs, outputs), feeds }
}
