/**
 * The order of nodes decides when ONNX Runtime runs them. Its sequential executor takes the nodes that nothing consumes from
 * the last to the first, and before each whatever it still lacks (reverse depth-first search, `GraphViewer` in
 * core/graph/graph_viewer.cc). Left as they were emitted, all gradients of parameters come after the whole chain of
 * activation gradients, so that every activation is kept to the end.
 */
import type { Graph, Node } from '../onnx/index.ts'

/**
 * The same graph with its last nodes (those that nothing consumes) at the end in reverse: the gradients that are ready first
 * run first, and what they read is freed. Still sorted: a node that nothing consumes may stand behind all others.
 */
export function releaseEarly(graph: Graph): Graph {
  const consumed = new Set(graph.nodes.flatMap(node => node.inputs))
  const isLast = (node: Node): boolean => !node.outputs.some(name => consumed.has(name))
  const inner = graph.nodes.filter(node => !isLast(node))
  return { ...graph, nodes: [...inner, ...graph.nodes.filter(isLast).reverse()] }
}
