/** From a model as read to a builder whose values all have static shapes, with constants folded. */
import { type Graph, type Model, type Node, namesOf, standardOpset, type ValueInfo } from '../onnx/index.ts'
import { decomposeNode, isComposite } from './decompose/index.ts'
import { DifferentiationError } from './errors.ts'
import { foldNode } from './fold/fold.ts'
import { addInputs, type InputSizes, resolved, symbolicSizes } from './inputs.ts'
import { Operators } from './operators.ts'
import { hasShapeRule, operatorKey } from './shapes/index.ts'
import { definedIn, expansionOf, Names, type Surroundings } from './structure/index.ts'
import { assertCurrent, targetOpset, upgradeNode } from './upgrade.ts'

export interface PrepareOptions extends InputSizes {
  /** Initializers that must not be folded away. */
  readonly parameters: ReadonlySet<string>
}

/** Begins every name that differentiation adds; another where the model has such names, as a differentiated one does. */
function freePrefix(graph: Graph): string {
  const taken = new Set<string>()
  for (const name of [...namesOf(graph), ...graph.nodes.map(node => node.name)]) {
    const prefix = /^gradient[0-9]*\//.exec(name)?.[0]
    if (prefix !== undefined) taken.add(prefix)
  }
  let prefix = 'gradient/'
  for (let count = 2; taken.has(prefix); count++) prefix = `gradient${count}/`
  return prefix
}

export function prepare(model: Model, options: PrepareOptions): Operators {
  const { graph } = model
  const opset = standardOpset(model)
  const builder = new Operators(targetOpset(graph, opset), freePrefix(graph))
  addInputs(builder, graph, options)
  const sizes = symbolicSizes(graph, options)
  const around: Surroundings = {
    builder,
    opset,
    declared: new Map([...graph.valueInfo, ...graph.outputs].map(info => [info.name, resolved(info, sizes)])),
    isFixed: name => !options.parameters.has(name),
    names: new Names(definedIn(graph)),
    nodeNames: new Names(graph.nodes.map(node => node.name)),
    unfolded: { nodes: 0 },
    sequences: new Map(),
    add: node => addNode(around, node),
    addGraph: inner => addGraph(around, inner),
  }
  addGraph(around, graph)
  return builder
}

function addGraph(around: Surroundings, graph: Graph): void {
  const { builder } = around
  for (const tensor of graph.initializers) builder.constant(tensor)
  for (const original of graph.nodes) {
    for (const node of upgradeNode(builder, original, around.opset)) addNode(around, node)
  }
}

function addNode(around: Surroundings, node: Node): void {
  const { builder } = around
  const why = expansionOf(around, node)?.(around, node)
  if (why === null) return
  assertCurrent(builder, node, around.opset)
  try {
    if (why !== undefined) throw notExpanded(node, why)
    const folded = foldNode(builder, node, around.isFixed)
    if (folded === null) {
      if (!decomposeNode(builder, node)) addWhole(builder, node)
    } else for (const tensor of folded) builder.constant(tensor)
  } catch (error) {
    if (!(error instanceof DifferentiationError) || error.reason !== 'unknown-shape') throw error
    // Off the gradient's path a node may stay as it is; on it, the rule that misses the shape says so.
    builder.nodes.push(node)
    for (const name of node.outputs) {
      builder.explain(name, node, error)
      declare(builder, around.declared.get(name))
    }
  }
}

/** Composite operators have shapes as what they are written out in, most of them as nothing else. */
function addWhole(builder: Operators, node: Node): void {
  if (isComposite(node) && !hasShapeRule(node))
    throw notExpanded(node, 'uses a part of this operator that is not covered')
  builder.append(node)
}

function notExpanded(node: Node, why: string): DifferentiationError {
  const title = `Node '${node.name || node.outputs[0]}' (${operatorKey(node)})`
  return new DifferentiationError('unknown-shape', `${title} ${why}.`)
}

function declare(builder: Operators, info: ValueInfo | undefined): void {
  const type = info?.type
  if (!info || !type?.shape?.every(size => typeof size === 'number')) return
  builder.define({ name: info.name, type: type.type, shape: type.shape.filter(size => typeof size === 'number') })
}
