/** FusedMatMul of ONNX Runtime, where it transposes batches; without, it has a rule of its own. */
import { MICROSOFT_DOMAIN } from '../../../onnx/index.ts'
import { floatAttribute, intAttribute } from '../../attributes.ts'
import { range } from '../../shape.ts'
import type { Decomposition } from '../types.ts'

/** com.microsoft.FusedMatMul: with `transBatchA` rows come first, [rows, batch.., columns], and are put behind the batches. */
export const fusedProduct: Decomposition = (g, node, inputs) => {
  const isTurned = ['transBatchA', 'transBatchB'].map(name => intAttribute(node, name, 0) === 1)
  const [a, b] = inputs.map((operand, index) => {
    if (!operand || !isTurned[index]) return operand
    const rank = operand.shape.length
    return g.transpose(operand, [...range(rank - 1).slice(1), 0, rank - 1])
  })
  if (!a || !b || !isTurned.includes(true)) return null
  const attributes = {
    transA: intAttribute(node, 'transA', 0),
    transB: intAttribute(node, 'transB', 0),
    alpha: { float: floatAttribute(node, 'alpha', 1) },
  }
  return [g.one('FusedMatMul', [a, b], attributes, MICROSOFT_DOMAIN)]
}
