/** What a decomposition gets and gives. */
import type { Node } from '../../onnx/index.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'

/**
 * Emits the operator's results, one for each output that it defines, in their order; null where the node uses a part of it
 * that is not covered.
 */
export type Decomposition = (
  g: Operators,
  node: Node,
  inputs: readonly (Value | null)[],
) => readonly (Value | null)[] | null
