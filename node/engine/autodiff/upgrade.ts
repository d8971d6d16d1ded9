/**
 * Old operator forms (opset 7 to 16) in their form of opset 17, so that one set of rules serves all. Each entry says until
 * which opset the old form was valid (ONNX changelog).
 */
import { type Attribute, DEFAULT_OPSET, floatTensor, makeNode, type Node } from '../onnx/index.ts'
import { floatAttribute, floatsAttribute, intAttribute, intsAttribute, textAttribute } from './attributes.ts'
import type { GraphBuilder } from './builder.ts'
import { normalAxis } from './shape.ts'

interface Upgrade {
  /** First opset with the new form. */
  readonly since: number
  readonly rewrite: (builder: GraphBuilder, node: Node) => Node[]
}

const UPGRADES: Readonly<Record<string, Upgrade>> = {
  Squeeze: { since: 13, rewrite: attributeToInput('axes') },
  Unsqueeze: { since: 13, rewrite: attributeToInput('axes') },
  ReduceSum: { since: 13, rewrite: attributeToInput('axes') },
  Split: { since: 13, rewrite: attributeToInput('split') },
  Softmax: { since: 13, rewrite: flattenedSoftmax },
  LogSoftmax: { since: 13, rewrite: flattenedSoftmax },
  Dropout: { since: 12, rewrite: (_, node) => [{ ...without(node, 'ratio'), inputs: node.inputs.slice(0, 1) }] },
  Clip: { since: 11, rewrite: clip },
  Pad: { since: 11, rewrite: pad },
  Slice: { since: 10, rewrite: slice },
  TopK: { since: 10, rewrite: topK },
  Scatter: { since: 11, rewrite: (_, node) => [{ ...node, opType: 'ScatterElements' }] },
  Upsample: { since: 10, rewrite: oldResize },
  Resize: { since: 11, rewrite: oldResize },
  BatchNormalization: {
    since: 14,
    rewrite: (_, node) => [oldBatchNormalization(node)],
  },
}

/** The opset that a model is brought to. */
export function targetOpset(opset: number): number {
  return Math.max(opset, DEFAULT_OPSET)
}

export function upgradeNode(builder: GraphBuilder, node: Node, opset: number): Node[] {
  const upgrade = node.domain === '' && Object.hasOwn(UPGRADES, node.opType) ? UPGRADES[node.opType] : undefined
  return upgrade === undefined || opset >= upgrade.since ? [node] : upgrade.rewrite(builder, node)
}

function without(node: Node, ...names: readonly string[]): Node {
  const attributes = new Map<string, Attribute>([...node.attributes].filter(([name]) => !names.includes(name)))
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
  const plain = { ...without(node, 'spatial'), outputs: node.outputs.slice(0, 3) }
  if (node.outputs.length === 1) return plain
  const attributes = new Map<string, Attribute>([...plain.attributes, ['training_mode', { kind: 'int', value: 1n }]])
  return { ...plain, attributes }
}

function clip(builder: GraphBuilder, node: Node): Node[] {
  const bounds = ['min', 'max'].map(name => {
    if (!node.attributes.has(name)) return ''
    return builder.constant(floatTensor(`${node.outputs[0]}.${name}`, [], [floatAttribute(node, name, 0)])).name
  })
  return [{ ...without(node, 'min', 'max'), inputs: [node.inputs[0]!, ...bounds] }]
}

function pad(builder: GraphBuilder, node: Node): Node[] {
  const value = builder.constant(floatTensor(`${node.outputs[0]}.value`, [], [floatAttribute(node, 'value', 0)]))
  const pads = builder.integers(intsAttribute(node, 'pads') ?? [])
  return [{ ...without(node, 'pads', 'value'), inputs: [node.inputs[0]!, pads.name, value.name] }]
}

function topK(builder: GraphBuilder, node: Node): Node[] {
  const count = builder.integers([intAttribute(node, 'k', 1)])
  return [{ ...without(node, 'k'), inputs: [node.inputs[0]!, count.name] }]
}

/** Before opset 11 the first values stood on each other, and nearest meant the one before. */
function oldResize(builder: GraphBuilder, node: Node): Node[] {
  const listed = floatsAttribute(node, 'scales')
  const scales =
    listed === null
      ? (node.inputs[1] ?? '')
      : builder.constant(floatTensor(`${node.outputs[0]}.scales`, [listed.length], listed)).name
  const mode = textAttribute(node, 'mode', 'nearest')
  const attributes = { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  return [makeNode('Resize', [node.inputs[0]!, '', scales], node.outputs, attributes, { name: node.name })]
}

function slice(builder: GraphBuilder, node: Node): Node[] {
  const lists = ['starts', 'ends', 'axes'].flatMap(name => {
    const values = intsAttribute(node, name)
    return values === null ? [] : [builder.integers(values).name]
  })
  return [{ ...without(node, 'starts', 'ends', 'axes'), inputs: [node.inputs[0]!, ...lists] }]
}
