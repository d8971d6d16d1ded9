/**
 * The two ways to write the scores of attention: `FAST` with ONNX Runtime's fused operator (domain com.microsoft), for
 * training here; `PORTABLE` with standard operators alone, for files that leave the swarm. They agree to rounding.
 */
import type { Operators, Value } from '../autodiff/index.ts'

export interface Dialect {
  /** scale * q k^T over the last two axes. */
  scaledScores(g: Operators, q: Value, k: Value, scale: number): Value
}

export const FAST: Dialect = {
  scaledScores: (g, q, k, scale) => g.product(q, k, { transposeB: true, scale }),
}

export const PORTABLE: Dialect = {
  scaledScores: (g, q, k, scale) => g.product(g.scale(q, scale), g.swap(k)),
}
