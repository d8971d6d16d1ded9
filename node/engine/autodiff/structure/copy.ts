/** Puts a graph that stands inside of a node among the nodes around it. */
import { type Graph, makeNode, type Node } from '../../onnx/index.ts'
import { graphsOf } from '../prune.ts'
import { computedIn, renameGraph } from './names.ts'
import type { Surroundings } from './types.ts'

export function graphAttribute(node: Node, name: string): Graph | null {
  const attribute = node.attributes.get(name)
  return attribute?.kind === 'graph' ? attribute.value : null
}

export interface CopyOptions {
  /** Names of the values that the graph's inputs stand for. */
  readonly inputs: readonly string[]
  /** Begins the new names. */
  readonly prefix: string
  /** What the graph's initializers are called, where another copy has added them. */
  readonly shared: Map<string, string>
}

/** Adds the graph's nodes once more. Returns the names of its outputs. */
export function addCopy(around: Surroundings, graph: Graph, { inputs, prefix, shared }: CopyOptions): string[] {
  around.unfolded.nodes += nodeCount(graph)
  const names = new Map(shared)
  const initializers = graph.initializers.filter(({ name }) => !shared.has(name))
  for (const { name } of initializers) {
    shared.set(name, around.names.free(name))
    names.set(name, shared.get(name)!)
  }
  for (const [index, { name }] of graph.inputs.entries()) {
    const given = inputs[index]
    if (given !== undefined) names.set(name, given)
  }
  for (const name of computedIn(graph)) names.set(name, around.names.free(`${prefix}${name}`))
  const copy = renameGraph({ ...graph, initializers }, names)
  for (const info of [...copy.valueInfo, ...copy.outputs]) around.declared.set(info.name, info)
  const nodes = copy.nodes.map(node => ({ ...node, name: node.name && around.nodeNames.free(`${prefix}${node.name}`) }))
  around.addGraph({ ...copy, nodes })
  return copy.outputs.map(({ name }) => name)
}

/** Nodes of a graph and of the graphs inside of them. */
export function nodeCount(graph: Graph): number {
  return graph.nodes.reduce(
    (sum, node) =>
      sum +
      1 +
      graphsOf(node)
        .map(nodeCount)
        .reduce((a, b) => a + b, 0),
    0,
  )
}

/** Makes `output` another name of a value. */
export function bind(around: Surroundings, source: string, output: string): void {
  if (output !== '') around.add(makeNode('Identity', [source], [output], {}, { name: `${output}.bound` }))
}

/** Values side by side along a new axis. */
export function stack(around: Surroundings, values: readonly string[], axis: number, output: string): void {
  if (output === '') return
  const axes = around.builder.integers([axis]).name
  const columns = values.map(value => around.names.free(`${value}.column`))
  for (const [index, value] of values.entries())
    around.add(makeNode('Unsqueeze', [value, axes], [columns[index]!], {}, { name: columns[index]! }))
  around.add(makeNode('Concat', columns, [output], { axis }, { name: `${output}.stack` }))
}

/** The parts of a value along an axis, each of the given size there. */
export function parts(around: Surroundings, value: string, axis: number, sizes: readonly number[]): string[] {
  if (sizes.length === 0) return []
  const names = sizes.map((_, index) => around.names.free(`${value}.part${index}`))
  const inputs = [value, around.builder.integers(sizes).name]
  around.add(makeNode('Split', inputs, names, { axis }, { name: `${names[0]}.split` }))
  return names
}

/** Values without an axis of size 1. */
export function withoutAxis(around: Surroundings, values: readonly string[], axis: number): string[] {
  const axes = around.builder.integers([axis]).name
  return values.map(value => {
    const name = around.names.free(`${value}.element`)
    around.add(makeNode('Squeeze', [value, axes], [name], {}, { name }))
    return name
  })
}

/** The number in a constant of one element; null where it is computed at run time. */
export function constantNumber(around: Surroundings, name: string): number | null {
  const value = around.builder.find(name)
  return (value && around.builder.numbers(value)?.[0]) ?? null
}
