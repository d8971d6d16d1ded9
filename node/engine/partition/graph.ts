/**
 * The cut of any imported graph. A place where exactly one computed value goes on is a boundary between blocks: in a residual
 * network these are the places between residual branches. Among all of them the cut is chosen that balances time and memory.
 */
import { graphOf, Operators, operatorSets, parametersOf, prepare, usedNames } from '../autodiff/index.ts'
import { elements } from '../autodiff/shape.ts'
import { isFloat, type Model, type Node } from '../onnx/index.ts'
import { balance, PartitionError } from './balance.ts'
import { BYTES_PER_PARAMETER, weigh } from './cost.ts'
import { nodeBytes, nodeFlops } from './graph-cost.ts'
import { repeatedNodes, withRepeated } from './repeated.ts'

export interface GraphStage {
  /** The stage as a model of its own: it takes the boundary value, and those of the graph's inputs that it uses. */
  readonly model: Model
  /** The value that enters from the stage before; null in the first. */
  readonly input: string | null
  /** The value that leaves to the next stage; null in the last. */
  readonly output: string | null
  /** Operations of the forward. */
  readonly flops: number
}

export interface CutGraphOptions {
  /** Initializers that are trained, and so stay in the stages that use them; `parametersOf` the graph unless given. */
  readonly parameters?: readonly string[]
  readonly dimensions?: Readonly<Record<string, number>>
  readonly inputShapes?: Readonly<Record<string, readonly number[]>>
}

/** A backward takes twice the time of its forward. */
const FORWARDS_PER_STEP = 3

/** @throws PartitionError where the graph has fewer places to cut than `stages` needs */
export function cutGraph(model: Model, stages: number, options: CutGraphOptions = {}): GraphStage[] {
  if (!Number.isInteger(stages) || stages < 1) throw new PartitionError(`A graph cannot be cut into ${stages} stages.`)
  const parameters = new Set(options.parameters ?? parametersOf(model.graph))
  const g = prepare(model, { ...options, parameters })
  const outputs = new Set(model.graph.outputs.map(({ name }) => name))
  const repeated = repeatedNodes(g, parameters, outputs)
  const boundaries = findBoundaries(g, outputs, repeated)
  if (boundaries.length < stages - 1) {
    throw new PartitionError(
      `The graph has ${boundaries.length} places where a single value crosses, too few for ${stages} stages.`,
    )
  }
  const ends = [0, ...boundaries.map(boundary => boundary.end), g.nodes.length]
  const flops = prefixSums(g.nodes, node => nodeFlops(g, node))
  const memory = prefixSums(g.nodes, nodeMemory(g))
  const between = (sums: readonly number[], from: number, to: number) => sums[ends[to]!]! - sums[ends[from]!]!
  const cost = (from: number, to: number) =>
    weigh(FORWARDS_PER_STEP * between(flops, from, to), between(memory, from, to))
  const bounds = balance(ends.length - 1, stages, cost)
  return bounds.slice(1).map((to, stage) => {
    const from = bounds[stage]!
    const input = from === 0 ? null : boundaries[from - 1]!.value
    const output = to === ends.length - 1 ? null : boundaries[to - 1]!.value
    const nodes = withRepeated(g.nodes.slice(ends[from], ends[to]), repeated)
    return { model: stageModel(model, g, nodes, input, output), input, output, flops: between(flops, from, to) }
  })
}

interface Boundary {
  /** Nodes before the boundary. */
  readonly end: number
  /** The value that crosses. */
  readonly value: string
}

/** Inputs of the graph do not count, they are fed to whichever stage uses them; nor what each stage computes for itself. */
function findBoundaries(g: Operators, outputs: ReadonlySet<string>, repeated: ReadonlySet<Node>): Boundary[] {
  const lastUse = new Map<string, number>()
  for (const [index, node] of g.nodes.entries()) for (const name of usedNames(node)) lastUse.set(name, index)
  const live = new Set<string>()
  const boundaries: Boundary[] = []
  for (const [index, node] of g.nodes.entries()) {
    if (!repeated.has(node)) for (const name of node.outputs) if ((lastUse.get(name) ?? -1) > index) live.add(name)
    for (const name of usedNames(node)) if (lastUse.get(name) === index) live.delete(name)
    const [value] = live
    if (live.size !== 1 || value === undefined || index === g.nodes.length - 1) continue
    const known = g.find(value)
    const isNew = boundaries.at(-1)?.value !== value
    if (isNew && known && isFloat(known.type) && !outputs.has(value)) boundaries.push({ end: index + 1, value })
  }
  return boundaries
}

function prefixSums(nodes: readonly Node[], measure: (node: Node) => number): number[] {
  const sums = [0]
  for (const node of nodes) sums.push(sums.at(-1)! + measure(node))
  return sums
}

/** Bytes of a node: what its outputs keep, and the parameters that it is the first to use. */
function nodeMemory(g: Operators): (node: Node) => number {
  const seen = new Set<string>()
  return node => {
    let bytes = nodeBytes(g, node)
    for (const name of node.inputs) {
      const value = g.find(name)
      if (seen.has(name) || !value || !g.constantOf(value) || !isFloat(value.type)) continue
      seen.add(name)
      bytes += BYTES_PER_PARAMETER * elements(value.shape)
    }
    return bytes
  }
}

function stageModel(
  model: Model,
  g: Operators,
  nodes: readonly Node[],
  input: string | null,
  output: string | null,
): Model {
  const stage = new Operators(g.opset, 'stage/')
  const used = new Set(nodes.flatMap(usedNames))
  for (const { name } of g.inputs) if (used.has(name)) stage.input(name, g.value(name).type, g.value(name).shape)
  if (input !== null) stage.input(input, g.value(input).type, g.value(input).shape)
  for (const name of used) {
    const value = g.find(name)
    const tensor = value && g.constantOf(value)
    if (tensor) stage.constant(tensor)
  }
  stage.nodes.push(...nodes)
  const produced = new Set(nodes.flatMap(node => node.outputs))
  const results = model.graph.outputs.map(({ name }) => name).filter(name => produced.has(name))
  const names = output === null ? results : [output, ...results]
  const graph = graphOf(
    stage,
    model.graph.name,
    names.map(name => ({ name, value: g.value(name) })),
  )
  return { ...model, opsets: operatorSets(model.opsets, graph, g.opset), graph }
}
