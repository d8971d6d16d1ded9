/** Drops nodes and initializers that no output needs. Inputs stay: they are the interface. */
import type { Graph, Node } from '../onnx/index.ts'

export function pruneGraph(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(output => output.name))
  const nodes: Node[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some(output => needed.has(output))) continue
    nodes.push(trimOutputs(node, needed))
    for (const input of usedNames(node)) needed.add(input)
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    initializers: graph.initializers.filter(tensor => needed.has(tensor.name)),
  }
}

/** Operators whose outputs after the first are optional; the runtime saves work where they are not asked for. */
const OPTIONAL_OUTPUTS = new Set(['LayerNormalization', 'SimplifiedLayerNormalization', 'MaxPool', 'Dropout'])

function trimOutputs(node: Node, needed: ReadonlySet<string>): Node {
  if (!OPTIONAL_OUTPUTS.has(node.opType)) return node
  const outputs = node.outputs.map((name, index) => (index === 0 || needed.has(name) ? name : ''))
  while (outputs.at(-1) === '') outputs.pop()
  return { ...node, outputs }
}

/** Inputs of a node and whatever the graphs in its attributes take from outside (names of their own among it). */
export function usedNames(node: Node): string[] {
  const names = node.inputs.filter(name => name !== '')
  for (const graph of graphsOf(node))
    names.push(...graph.nodes.flatMap(usedNames), ...graph.outputs.map(output => output.name))
  return names
}

/** The graphs in a node's attributes. */
export function graphsOf(node: Node): readonly Graph[] {
  return [...node.attributes.values()].flatMap(attribute =>
    attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : [],
  )
}
