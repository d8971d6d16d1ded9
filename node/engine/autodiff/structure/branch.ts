/** The branch of an If whose condition is a constant, as exporters leave them behind. */
import { addCopy, bind, constantNumber, graphAttribute } from './copy.ts'
import type { Expansion } from './types.ts'

export const branch: Expansion = (around, node) => {
  const condition = constantNumber(around, node.inputs[0] ?? '')
  if (condition === null) return 'chooses by a condition that is not a constant'
  const graph = graphAttribute(node, condition !== 0 ? 'then_branch' : 'else_branch')
  if (graph === null) return 'has no graph for its condition'
  // Names are kept where they are free, so that values inside of the branch can be asked for.
  const outputs = addCopy(around, graph, { inputs: [], prefix: '', shared: new Map() })
  for (const [index, name] of node.outputs.entries()) if (outputs[index]) bind(around, outputs[index], name)
  return null
}
