/** Parts of a composite operator that are not written out. */
import type { Node } from '../../onnx/index.ts'
import { DifferentiationError } from '../errors.ts'
import { operatorKey } from '../shapes/index.ts'

/**
 * @param parts what is not covered, each with whether the node uses it
 * @throws DifferentiationError that names node, operator and the first part that it uses
 */
export function refuse(node: Node, parts: Readonly<Record<string, boolean>>): void {
  const used = Object.keys(parts).find(part => parts[part])
  if (used === undefined) return
  const title = `Node '${node.name || node.outputs[0]}' (${operatorKey(node)})`
  throw new DifferentiationError('unknown-shape', `${title} uses ${used}, which is not covered.`)
}
