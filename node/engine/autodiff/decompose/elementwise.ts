/** Operators that ONNX defines by others, and that ONNX Runtime has no kernel for in every type. */
import { floatAttribute } from '../attributes.ts'
import type { Decomposition } from './types.ts'

/** Swish-24: x sigmoid(alpha x). */
export const swish: Decomposition = (g, node, [x]) =>
  x ? [g.mul(x, g.one('Sigmoid', [g.scale(x, floatAttribute(node, 'alpha', 1))]))] : null

/** CastLike-15: a Cast to the type of the second input. */
export const castLike: Decomposition = (g, _, [x, like]) => (x && like ? [g.cast(x, like.type)] : null)
