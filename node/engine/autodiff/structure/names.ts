/** Graphs inside of nodes come with names of their own, which another graph may use too: put side by side they need new ones. */
import type { Attribute, Graph, Node } from '../../onnx/index.ts'

export class Names {
  readonly #taken: Set<string>
  #fresh = 0

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken)
  }

  /** The wanted name, or one that begins with it where that is taken. */
  free(wanted: string): string {
    let name = wanted
    while (this.#taken.has(name)) name = `${wanted}.${++this.#fresh}`
    this.#taken.add(name)
    return name
  }
}

/** What nodes of the graph itself compute. */
export function computedIn(graph: Graph): string[] {
  return graph.nodes.flatMap(node => node.outputs).filter(name => name !== '')
}

/** All that a graph gives a name to. */
export function definedIn(graph: Graph): string[] {
  return [...graph.inputs, ...graph.initializers].map(({ name }) => name).concat(computedIn(graph))
}

/** The graph with other names; those that it does not define are of the graphs around it. */
export function renameGraph(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const rename = (name: string) => names.get(name) ?? name
  const renamed = <T extends { readonly name: string }>(items: readonly T[]): T[] =>
    items.map(item => ({ ...item, name: rename(item.name) }))
  return {
    ...graph,
    inputs: renamed(graph.inputs),
    initializers: renamed(graph.initializers),
    outputs: renamed(graph.outputs),
    valueInfo: renamed(graph.valueInfo),
    nodes: graph.nodes.map(node => renameNode(node, names)),
  }
}

function renameNode(node: Node, names: ReadonlyMap<string, string>): Node {
  const rename = (name: string) => names.get(name) ?? name
  const attributes = new Map([...node.attributes].map(([key, value]) => [key, renameInside(value, names)]))
  return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename), attributes }
}

/** A graph inside keeps the names that it defines itself. */
function renameInside(attribute: Attribute, names: ReadonlyMap<string, string>): Attribute {
  const inner = (graph: Graph) => {
    const own = new Set(definedIn(graph))
    return renameGraph(graph, new Map([...names].filter(([name]) => !own.has(name))))
  }
  if (attribute.kind === 'graph') return { kind: 'graph', value: inner(attribute.value) }
  if (attribute.kind === 'graphs') return { kind: 'graphs', value: attribute.value.map(inner) }
  return attribute
}
