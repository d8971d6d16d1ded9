/** Operators that are about other nodes: branches, loops and sequences, replaced by what they come to at static shapes. */
import type { Node } from '../../onnx/index.ts'
import { branch } from './branch.ts'
import { loop, scan } from './loop.ts'
import { SEQUENCES } from './sequence.ts'
import type { Expansion, Surroundings } from './types.ts'

const EXPANSIONS: Readonly<Record<string, Expansion>> = { If: branch, Loop: loop, Scan: scan, ...SEQUENCES }

/** True for an operator whose nodes are replaced by others, where that can be. */
export function isStructure(node: Node): boolean {
  return node.domain === '' && node.opType !== 'Identity' && Object.hasOwn(EXPANSIONS, node.opType)
}

/** How the node is replaced; null for one that computes tensors from tensors. */
export function expansionOf(around: Surroundings, node: Node): Expansion | null {
  if (node.domain !== '' || !Object.hasOwn(EXPANSIONS, node.opType)) return null
  if (node.opType === 'Identity' && !around.sequences.has(node.inputs[0] ?? '')) return null
  return EXPANSIONS[node.opType] ?? null
}

export { definedIn, Names } from './names.ts'
export type { Surroundings } from './types.ts'
