/** The activations of recurrent layers, by the names that the specification gives them there. */
import type { Node } from '../../onnx/index.ts'
import { floatsAttribute, textsAttribute } from '../attributes.ts'
import type { Value } from '../builder.ts'
import type { Operators } from '../operators.ts'

export type Activation = (g: Operators, x: Value) => Value

interface Named {
  readonly operator: string
  /** Values of alpha and beta unless given; none where the operator has no such attribute. */
  readonly defaults?: readonly number[]
}

const ACTIVATIONS: Readonly<Record<string, Named>> = {
  sigmoid: { operator: 'Sigmoid' },
  tanh: { operator: 'Tanh' },
  relu: { operator: 'Relu' },
  softsign: { operator: 'Softsign' },
  softplus: { operator: 'Softplus' },
  elu: { operator: 'Elu', defaults: [1] },
  leakyrelu: { operator: 'LeakyRelu', defaults: [0.01] },
  thresholdedrelu: { operator: 'ThresholdedRelu', defaults: [1] },
  hardsigmoid: { operator: 'HardSigmoid', defaults: [0.2, 0.5] },
}

/**
 * Of all directions, `otherwise` for each unless the node names its own; null where it names one that is not here. Lists of
 * alphas and betas have a value for each activation that takes one, in their order.
 */
export function activationsOf(node: Node, otherwise: readonly string[], directions: number): Activation[] | null {
  const names = textsAttribute(node, 'activations') ?? new Array<readonly string[]>(directions).fill(otherwise).flat()
  const given = [floatsAttribute(node, 'activation_alpha') ?? [], floatsAttribute(node, 'activation_beta') ?? []]
  const next = given.map(list => list[Symbol.iterator]())
  const activations: Activation[] = []
  for (const name of names) {
    const key = name.toLowerCase()
    const known = Object.hasOwn(ACTIVATIONS, key) ? ACTIVATIONS[key] : undefined
    if (known === undefined) return null
    const values = (known.defaults ?? []).map((value, index) => next[index]?.next().value ?? value)
    const attributes = Object.fromEntries(
      values.map((value, index) => [index === 0 ? 'alpha' : 'beta', { float: value }]),
    )
    activations.push((g, x) => g.one(known.operator, [x], attributes))
  }
  return activations.length === directions * otherwise.length ? activations : null
}
