/**
 * Old operator forms in the form of the opset that the model is brought to, so that one set of rules
 * serves all. Each entry says until which opset the old form was valid (ONNX changelog, read up to opset 28). What changed
 * by new attributes and inputs alone is no entry: rules read those where they are there.
 */
import {
  type Attribute,
  DataType,
  DEFAULT_OPSET,
  floatTensor,
  type Graph,
  makeAttribute,
  makeNode,
  type Node,
} from '../onnx/index.ts'
import { floatAttribute, floatsAttribute, intAttribute, intsAttribute, textAttribute } from './attributes.ts'
import type { GraphBuilder } from './builder.ts'
import { DifferentiationError } from './errors.ts'
import { graphsOf } from './prune.ts'
import { normalAxis } from './shape.ts'
import { earlyForm, LAST_EARLY_OPSET } from './upgrade-early.ts'
import { tensorOf } from './values.ts'

interface Upgrade {
  /** First opset with the new form. */
  readonly since: number
  readonly rewrite: (builder: GraphBuilder, node: Node) => Node[]
}

/** Until opset 17 all reductions but the sum took their axes as an attribute. */
const REDUCTIONS = 'L1 L2 LogSum LogSumExp Max Mean Min Prod SumSquare'.split(' ').map(name => `Reduce${name}`)

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  ...Object.fromEntries(REDUCTIONS.map(name => [name, { since: 18, rewrite: attributeToInput('axes') }])),
  Squeeze: { since: 13, rewrite: attributeToInput('axes') },
  Unsqueeze: { since: 13, rewrite: attributeToInput('axes') },
  ReduceSum: { since: 13, rewrite: attributeToInput('axes') },
  Split: { since: 13, rewrite: attributeToInput('split') },
  Softmax: { since: 13, rewrite: flattenedSoftmax },
  LogSoftmax: { since: 13, rewrite: flattenedSoftmax },
  Hardmax: { since: 13, rewrite: flattenedSoftmax },
  Dropout: { since: 12, rewrite: (_, node) => [{ ...without(node, 'ratio'), inputs: node.inputs.slice(0, 1) }] },
  Clip: { since: 11, rewrite: clip },
  Pad: { since: 11, rewrite: pad },
  Slice: { since: 10, rewrite: slice },
  TopK: { since: 10, rewrite: topK },
  Scatter: { since: 11, rewrite: (_, node) => [{ ...node, opType: 'ScatterElements' }] },
  Upsample: { since: 10, rewrite: oldResize },
  Resize: { since: 11, rewrite: oldResize },
  RoiAlign: { since: 16, rewrite: (_, node) => [oldRoiAlign(node)] },
  BatchNormalization: {
    since: 14,
    rewrite: (_, node) => [oldBatchNormalization(node)],
  },
}

const FIRST_OPSET = 1

/** The last one whose changes are known here. */
const LAST_OPSET = 28

/** The opset that a model is brought to. */
export function targetOpset(graph: Graph, opset: number): number {
  return Math.max(DEFAULT_OPSET, opset, ...opsetsOf(graph))
}

function opsetsOf(graph: Graph): Set<number> {
  const opsets = new Set<number>()
  for (const node of graph.nodes) {
    if (node.opset !== undefined) opsets.add(node.opset)
    for (const inner of graphsOf(node)) for (const opset of opsetsOf(inner)) opsets.add(opset)
  }
  return opsets
}

/**
 * The node in the form of the builder's opset.
 * @param declared the model's opset
 * @throws DifferentiationError naming node, operator and opset where the old form has no new one
 */
export function upgradeNode(builder: GraphBuilder, original: Node, declared: number): Node[] {
  const { opset = declared, ...node } = original
  if (node.domain !== '') return [node]
  if (opset < FIRST_OPSET || opset > LAST_OPSET)
    throw opsetFault(node, opset, `is covered from ${FIRST_OPSET} to ${LAST_OPSET} only`)
  const early = opset <= LAST_EARLY_OPSET ? earlyForm(builder, node, opset) : [node]
  if (early === null) throw opsetFault(node, opset, 'has a form that is not covered')
  return early.flatMap(current => upgradeOf(builder, current, opset)?.rewrite(builder, current) ?? [current])
}

/**
 * Refuses old forms in the graphs of a node that stays as it is (a loop off the gradient's path): brought to a later opset,
 * they would mean something else.
 */
export function assertCurrent(builder: GraphBuilder, node: Node, declared: number): void {
  for (const graph of graphsOf(node)) {
    for (const inner of graph.nodes) {
      const opset = inner.opset ?? declared
      const isOld = opset <= LAST_EARLY_OPSET || upgradeOf(builder, inner, opset) !== undefined
      if (inner.opset !== undefined || isOld)
        throw opsetFault(
          inner,
          opset,
          `is not brought to opset ${builder.opset} inside of '${node.name || node.outputs[0]}'`,
        )
      assertCurrent(builder, inner, declared)
    }
  }
}

function upgradeOf(builder: GraphBuilder, node: Node, opset: number): Upgrade | undefined {
  const upgrade = node.domain === '' && Object.hasOwn(UPGRADES, node.opType) ? UPGRADES[node.opType] : undefined
  return upgrade !== undefined && opset < upgrade.since && upgrade.since <= builder.opset ? upgrade : undefined
}

function opsetFault(node: Node, opset: number, sentence: string): DifferentiationError {
  const title = `Node '${node.name || node.outputs[0]}' (${node.opType}, opset ${opset})`
  return new DifferentiationError('unsupported-opset', `${title} ${sentence}.`)
}

function without(node: Node, ...names: readonly string[]): Node {
  const attributes = new Map<string, Attribute>([...node.attributes].filter(([name]) => !names.includes(name)))
  return { ...node, attributes }
}

/** Before opset 16 places were not shifted by half a value. */
function oldRoiAlign(node: Node): Node {
  const mode = makeAttribute('output_half_pixel')
  const attributes = new Map<string, Attribute>([...node.attributes, ['coordinate_transformation_mode', mode]])
  return { ...node, attributes }
}

function attributeToInput(name: string): Upgrade['rewrite'] {
  return (builder, node) => {
    const values = intsAttribute(node, name)
    if (values === null) return [node]
    return [{ ...without(node, name), inputs: [node.inputs[0]!, builder.integers(values).name] }]
  }
}

/** Before opset 13 softmax ran over all axes from `axis` on, together. */
function flattenedSoftmax(builder: GraphBuilder, node: Node): Node[] {
  const input = builder.value(node.inputs[0]!)
  const axis = normalAxis(intAttribute(node, 'axis', 1), input.shape.length)
  const output = node.outputs[0]!
  if (axis === input.shape.length - 1)
    return [makeNode(node.opType, node.inputs, node.outputs, { axis: -1 }, { name: node.name })]
  return [
    makeNode('Flatten', node.inputs, [`${output}.flat`], { axis }, { name: `${node.name}.flatten` }),
    makeNode(node.opType, [`${output}.flat`], [`${output}.softmax`], { axis: -1 }, { name: node.name }),
    makeNode(
      'Reshape',
      [`${output}.softmax`, builder.integers(input.shape).name],
      node.outputs,
      {},
      { name: `${node.name}.reshape` },
    ),
  ]
}

/** Before opset 14 the mode was told by the number of outputs; the fourth and fifth, saved statistics, are no more. */
function oldBatchNormalization(node: Node): Node {
  if (intAttribute(node, 'spatial', 1) !== 1)
    throw opsetFault(node, 8, 'has statistics for every place (spatial = 0), which is not covered')
  const plain = { ...without(node, 'spatial'), outputs: node.outputs.slice(0, 3) }
  if (node.outputs.length === 1) return plain
  const attributes = new Map<string, Attribute>([...plain.attributes, ['training_mode', { kind: 'int', value: 1n }]])
  return { ...plain, attributes }
}

function clip(builder: GraphBuilder, node: Node): Node[] {
  const bounds = ['min', 'max'].map(name => {
    if (!node.attributes.has(name)) return ''
    return scalarLike(builder, node, name, floatAttribute(node, name, 0))
  })
  return [{ ...without(node, 'min', 'max'), inputs: [node.inputs[0]!, ...bounds] }]
}

/** A constant of the type of the node's input. */
function scalarLike(builder: GraphBuilder, node: Node, name: string, value: number): string {
  const type = builder.find(node.inputs[0]!)?.type ?? DataType.float32
  return builder.constant(tensorOf(`${node.outputs[0]}.${name}`, type, [], [value])).name
}

function pad(builder: GraphBuilder, node: Node): Node[] {
  const value = scalarLike(builder, node, 'value', floatAttribute(node, 'value', 0))
  const pads = builder.integers(intsAttribute(node, 'pads') ?? [])
  return [{ ...without(node, 'pads', 'value'), inputs: [node.inputs[0]!, pads.name, value] }]
}

function topK(builder: GraphBuilder, node: Node): Node[] {
  const count = builder.integers([intAttribute(node, 'k', 1)])
  return [{ ...without(node, 'k'), inputs: [node.inputs[0]!, count.name] }]
}

/**
 * Before opset 11 the first values stood on each other, and nearest meant the one before where a place is between two; ONNX
 * Runtime takes the one after where the image becomes smaller (`NearestMode::SIMPLE` in upsamplebase.h).
 */
function oldResize(builder: GraphBuilder, node: Node): Node[] {
  const listed = floatsAttribute(node, 'scales')
  const scales =
    listed === null
      ? builder.value(node.inputs[1]!)
      : builder.constant(floatTensor(`${node.outputs[0]}.scales`, [listed.length], listed))
  const mode = textAttribute(node, 'mode', 'nearest')
  const numbers = builder.numbers(scales) ?? []
  const shrinks = numbers.some(scale => scale < 1)
  if (mode === 'nearest' && shrinks && numbers.some(scale => scale > 1))
    throw opsetFault(node, 10, 'makes one axis longer and another shorter, which is not covered')
  const attributes = {
    mode,
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: shrinks ? 'ceil' : 'floor',
  }
  return [makeNode('Resize', [node.inputs[0]!, '', scales.name], node.outputs, attributes, { name: node.name })]
}

function slice(builder: GraphBuilder, node: Node): Node[] {
  const lists = ['starts', 'ends', 'axes'].flatMap(name => {
    const values = intsAttribute(node, name)
    return values === null ? [] : [builder.integers(values).name]
  })
  return [{ ...without(node, 'starts', 'ends', 'axes'), inputs: [node.inputs[0]!, ...lists] }]
}
