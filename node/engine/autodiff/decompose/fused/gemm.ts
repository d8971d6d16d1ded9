/** Products and convolutions of ONNX Runtime with an activation behind them. */
import { floatAttribute, intAttribute, textAttribute } from '../../attributes.ts'
import { refuse } from '../refusal.ts'
import type { Decomposition } from '../types.ts'

/** Activations that ONNX Runtime fuses, with the attributes that each takes (`activation_alpha` and so on). */
const ACTIVATIONS: Readonly<Record<string, readonly string[]>> = {
  Relu: [],
  Sigmoid: [],
  Tanh: [],
  Softplus: [],
  Softsign: [],
  Elu: ['alpha'],
  LeakyRelu: ['alpha'],
  ThresholdedRelu: ['alpha'],
  HardSigmoid: ['alpha', 'beta'],
  Selu: ['alpha', 'gamma'],
}

/** com.microsoft.FusedGemm: Gemm-13 and an activation. */
export const fusedGemm: Decomposition = (g, node, [a, b, c]) => {
  const activation = textAttribute(node, 'activation', '')
  const taken = Object.hasOwn(ACTIVATIONS, activation) ? ACTIVATIONS[activation] : undefined
  refuse(node, { [`the activation '${activation}'`]: activation !== '' && taken === undefined })
  if (!a || !b) return null
  const product = g.one('Gemm', c ? [a, b, c] : [a, b], {
    transA: intAttribute(node, 'transA', 0),
    transB: intAttribute(node, 'transB', 0),
    alpha: { float: floatAttribute(node, 'alpha', 1) },
    beta: { float: floatAttribute(node, 'beta', 1) },
  })
  if (taken === undefined) return [product]
  const given = taken.filter(name => node.attributes.has(`activation_${name}`))
  const attributes = given.map(name => [name, { float: floatAttribute(node, `activation_${name}`, 0) }])
  return [g.one(activation, [product], Object.fromEntries(attributes))]
}
