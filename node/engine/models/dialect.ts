/**
 * Two ways to write the same parts: `FAST` with ONNX Runtime's fused operators (domain com.microsoft), for training here;
 * `PORTABLE` with standard operators alone, for files that leave the swarm. They agree to rounding.
 */
import type { Operators, Value } from '../autodiff/index.ts'
import { MICROSOFT_DOMAIN } from '../onnx/index.ts'

export interface Dialect {
  /** scale * q k^T over the last two axes. */
  scaledScores(g: Operators, q: Value, k: Value, scale: number): Value
  /** w sigmoid(w). */
  gate(g: Operators, w: Value): Value
}

export const FAST: Dialect = {
  scaledScores: (g, q, k, scale) => g.product(q, k, { transposeB: true, scale }),
  gate: (g, w) => g.one('QuickGelu', [w], { alpha: { float: 1 } }, MICROSOFT_DOMAIN),
}

export const PORTABLE: Dialect = {
  scaledScores: (g, q, k, scale) => g.product(g.scale(q, scale), g.swap(k)),
  gate: (g, w) => g.mul(w, g.one('Sigmoid', [w])),
}
