/** Names of values. */
import type { Graph } from './model.ts'

/** All names that the graph gives or uses, those of the graphs in its attributes among them. */
export function namesOf(graph: Graph): Set<string> {
  const names = new Set<string>()
  collect(graph, names)
  return names
}

function collect(graph: Graph, names: Set<string>): void {
  for (const { name } of [...graph.inputs, ...graph.outputs, ...graph.initializers]) names.add(name)
  for (const node of graph.nodes) {
    for (const name of node.inputs) names.add(name)
    for (const name of node.outputs) names.add(name)
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === 'graph') collect(attribute.value, names)
      if (attribute.kind === 'graphs') for (const inner of attribute.value) collect(inner, names)
    }
  }
}
