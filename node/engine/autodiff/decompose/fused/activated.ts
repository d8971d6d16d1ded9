/** Products and convolutions of ONNX Runtime with an activation behind them. */
import type { Node } from '../../../onnx/index.ts'
import { floatAttribute, floatsAttribute, intAttribute, intsAttribute, textAttribute } from '../../attributes.ts'
import type { Value } from '../../builder.ts'
import type { Operators } from '../../operators.ts'
import { refuse } from '../refusal.ts'
import type { Decomposition } from '../types.ts'

/** Operators by name, with the attributes that each takes. */
type Activations = Readonly<Record<string, readonly string[]>>

const COMMON: Activations = { Relu: [], Sigmoid: [], Tanh: [], LeakyRelu: ['alpha'], HardSigmoid: ['alpha', 'beta'] }

const AFTER_PRODUCTS: Activations = {
  ...COMMON,
  Softplus: [],
  Softsign: [],
  Elu: ['alpha'],
  ThresholdedRelu: ['alpha'],
  Selu: ['alpha', 'gamma'],
}

/** The bounds of a Clip are inputs. */
const AFTER_CONVOLUTIONS: Activations = { ...COMMON, HardSwish: [], Clip: [] }

/** com.microsoft.FusedGemm: Gemm-13 and an activation, whose attributes are `activation_alpha` and so on. */
export const fusedGemm: Decomposition = (g, node, [a, b, c]) => {
  const activation = activationOf(node, AFTER_PRODUCTS)
  if (!a || !b) return null
  const product = g.one('Gemm', c ? [a, b, c] : [a, b], {
    transA: intAttribute(node, 'transA', 0),
    transB: intAttribute(node, 'transB', 0),
    alpha: { float: floatAttribute(node, 'alpha', 1) },
    beta: { float: floatAttribute(node, 'beta', 1) },
  })
  if (activation === null) return [product]
  const given = activation.takes.filter(name => node.attributes.has(`activation_${name}`))
  const attributes = given.map(name => [name, { float: floatAttribute(node, `activation_${name}`, 0) }])
  return [g.one(activation.operator, [product], Object.fromEntries(attributes))]
}

/** com.microsoft.FusedConv: Conv-11 of x, weights and biases, a value that is added, and an activation of both. */
export const fusedConvolution: Decomposition = (g, node, [x, weights, bias, added]) => {
  const activation = activationOf(node, AFTER_CONVOLUTIONS)
  if (!x || !weights) return null
  const sizes = ['kernel_shape', 'strides', 'pads', 'dilations'].flatMap(name => {
    const values = intsAttribute(node, name)
    return values === null ? [] : [[name, values]]
  })
  const convolved = g.one('Conv', bias ? [x, weights, bias] : [x, weights], {
    ...Object.fromEntries(sizes),
    auto_pad: textAttribute(node, 'auto_pad', 'NOTSET'),
    group: intAttribute(node, 'group', 1),
  })
  const sum = added ? g.add(convolved, added) : convolved
  return [activation === null ? sum : activated(g, activation, sum, floatsAttribute(node, 'activation_params') ?? [])]
}

interface Activation {
  readonly operator: string
  readonly takes: readonly string[]
}

function activationOf(node: Node, known: Activations): Activation | null {
  const operator = textAttribute(node, 'activation', '')
  if (operator === '') return null
  const takes = Object.hasOwn(known, operator) ? known[operator] : undefined
  refuse(node, { [`the activation '${operator}'`]: takes === undefined })
  return { operator, takes: takes ?? [] }
}

function activated(g: Operators, { operator, takes }: Activation, x: Value, parameters: readonly number[]): Value {
  if (operator === 'Clip') return g.one('Clip', [x, ...parameters.slice(0, 2).map(bound => g.scalar(bound, x.type))])
  const attributes = takes.flatMap((name, index) => {
    const value = parameters[index]
    return value === undefined ? [] : [[name, { float: value }]]
  })
  return g.one(operator, [x], Object.fromEntries(attributes))
}
