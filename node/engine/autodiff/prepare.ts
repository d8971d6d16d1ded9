/** From a model as read to a builder whose values all have static shapes, with constants folded. */
import { type Graph, isFloat, type Model, type Node, namesOf, standardOpset, type ValueInfo } from '../onnx/index.ts'
import { decomposeNode } from './decompose/index.ts'
import { DifferentiationError } from './errors.ts'
import { foldNode } from './fold/fold.ts'
import { Operators } from './operators.ts'
import { elements } from './shape.ts'
import { assertCurrent, targetOpset, upgradeNode } from './upgrade.ts'

export interface PrepareOptions {
  /** Sizes of symbolic dimensions, by name. */
  readonly dimensions?: Readonly<Record<string, number>>
  /** Shapes of inputs, by name; they win over `dimensions`. */
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>
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
  const opset = standardOpset(model)
  const builder = new Operators(targetOpset(model.graph, opset), freePrefix(model.graph))
  const { graph } = model
  const initialized = new Set(graph.initializers.map(tensor => tensor.name))
  for (const info of graph.inputs) {
    // Files from before IR version 4 list their initializers as inputs too.
    if (!initialized.has(info.name)) addInput(builder, info, options)
  }
  const declared = new Map([...graph.valueInfo, ...graph.outputs].map(info => [info.name, info]))
  addGraph(builder, graph, { opset, declared, isFixed: name => !options.parameters.has(name) })
  return builder
}

/** Inputs that steer an operator: what only they take is no parameter. */
const STEERING: Readonly<Record<string, readonly number[]>> = {
  Resize: [1, 2],
  Upsample: [1],
  SoftmaxCrossEntropyLoss: [2],
  NegativeLogLikelihoodLoss: [2],
}

/** Trainable tensors, as far as a file tells them from constants: floating point initializers of rank 1 or more. */
export function parametersOf(graph: Graph): string[] {
  const steering = new Set<string>()
  const others = new Set<string>()
  for (const node of graph.nodes) {
    const places = node.domain === '' && Object.hasOwn(STEERING, node.opType) ? STEERING[node.opType] : undefined
    for (const [index, name] of node.inputs.entries()) (places?.includes(index) ? steering : others).add(name)
  }
  return graph.initializers
    .filter(({ type, shape }) => isFloat(type) && shape.length > 0 && elements(shape) > 1)
    .map(({ name }) => name)
    .filter(name => !steering.has(name) || others.has(name))
}

function addInput(builder: Operators, info: ValueInfo, options: PrepareOptions): void {
  if (info.type === null) throw new DifferentiationError('unknown-shape', `Input '${info.name}' is not a tensor.`)
  const given = options.inputShapes?.[info.name]
  const shape = given ??
    info.type.shape?.map(size => (typeof size === 'string' ? (options.dimensions?.[size] ?? size) : size)) ?? [null]
  const open = shape.find(size => typeof size !== 'number')
  if (open !== undefined) {
    const what = open === null ? 'a dimension without a name' : `the dimension '${open}'`
    throw new DifferentiationError('unknown-shape', `Input '${info.name}' has ${what}: give its size.`)
  }
  builder.input(
    info.name,
    info.type.type,
    shape.filter(size => typeof size === 'number'),
  )
}

interface Surroundings {
  readonly opset: number
  readonly declared: ReadonlyMap<string, ValueInfo>
  readonly isFixed: (name: string) => boolean
}

function addGraph(builder: Operators, graph: Graph, around: Surroundings): void {
  for (const tensor of graph.initializers) builder.constant(tensor)
  for (const original of graph.nodes) {
    for (const node of upgradeNode(builder, original, around.opset)) addNode(builder, node, around)
  }
}

function addNode(builder: Operators, node: Node, around: Surroundings): void {
  const branch = chosenBranch(builder, node)
  if (branch !== null) {
    addBranch(builder, node, branch, around)
    return
  }
  assertCurrent(builder, node, around.opset)
  try {
    const folded = foldNode(builder, node, around.isFixed)
    if (folded === null) {
      if (!decomposeNode(builder, node)) builder.append(node)
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

function declare(builder: Operators, info: ValueInfo | undefined): void {
  const type = info?.type
  if (!info || !type?.shape?.every(size => typeof size === 'number')) return
  builder.define({ name: info.name, type: type.type, shape: type.shape.filter(size => typeof size === 'number') })
}

/** The branch of an If whose condition is a constant, as exporters leave them behind. */
function chosenBranch(builder: Operators, node: Node): Graph | null {
  if (node.domain !== '' || node.opType !== 'If') return null
  const condition = builder.find(node.inputs[0] ?? '')
  const value = condition && builder.numbers(condition)?.[0]
  if (value === undefined) return null
  const attribute = node.attributes.get(value !== 0 ? 'then_branch' : 'else_branch')
  return attribute?.kind === 'graph' ? attribute.value : null
}

function addBranch(builder: Operators, node: Node, branch: Graph, around: Surroundings): void {
  addGraph(builder, branch, around)
  for (const [index, name] of node.outputs.entries()) {
    const inner = branch.outputs[index]?.name
    if (inner === undefined) continue
    addNode(
      builder,
      {
        ...node,
        name: `${node.name || name}.output${index}`,
        opType: 'Identity',
        inputs: [inner],
        outputs: [name],
        attributes: new Map(),
      },
      around,
    )
  }
}
