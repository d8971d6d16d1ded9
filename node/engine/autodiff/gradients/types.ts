/** What a gradient rule sees of a node, and what it returns. */
import type { Node } from '../../onnx/index.ts'
import type { Value } from '../builder.ts'
import { DifferentiationError } from '../errors.ts'
import type { Operators } from '../operators.ts'
import { inferTypes } from '../shapes/index.ts'
import type { TypedShape } from '../shapes/types.ts'

export class GradientContext {
  readonly node: Node
  /** Where rules emit the nodes of the gradient. */
  readonly g: Operators
  readonly inputs: readonly (Value | null)[]
  readonly outputs: readonly (Value | null)[]
  /** Gradients of the outputs; null for an output that nothing differentiable uses. */
  readonly gradients: readonly (Value | null)[]

  constructor(node: Node, g: Operators, gradients: readonly (Value | null)[]) {
    this.node = node
    this.g = g
    this.inputs = node.inputs.map(name => (name === '' ? null : g.value(name)))
    this.outputs = node.outputs.map(name => (name === '' ? null : (g.find(name) ?? null)))
    this.gradients = gradients
  }

  /** Gradient of the first output; for rules that know no other. */
  get dy(): Value {
    const extra = this.gradients.findIndex((gradient, index) => index > 0 && gradient !== null)
    if (extra > 0) throw this.fault(`is differentiated through its output ${extra}, which is not supported`)
    const gradient = this.gradients[0]
    if (!gradient) throw this.fault('has no gradient for its first output')
    return gradient
  }

  /** Types and shapes of all outputs, those that nobody named among them. */
  get outputTypes(): readonly TypedShape[] {
    return inferTypes(this.g, this.node)
  }

  input(index: number): Value {
    const value = this.inputs[index]
    if (!value) throw this.fault(`needs its input ${index}`)
    return value
  }

  get x(): Value {
    return this.input(0)
  }

  get y(): Value {
    const value = this.outputs[0]
    if (!value) throw this.fault('has no first output')
    return value
  }

  /** Numbers of a constant input; null where it is left out or computed at run time. */
  constant(index: number): number[] | null {
    const value = this.inputs[index]
    return value ? this.g.numbers(value) : null
  }

  /** Numbers of an input that the gradient's form depends on; null where it is left out. */
  fixed(index: number): number[] | null {
    const numbers = this.constant(index)
    if (numbers === null && this.inputs[index])
      throw this.fault(`has an input '${this.node.inputs[index]}' that decides its gradient but is not a constant`)
    return numbers
  }

  fault(sentence: string): DifferentiationError {
    const { name, outputs, opType } = this.node
    return new DifferentiationError('not-differentiable', `Node '${name || outputs[0]}' (${opType}) ${sentence}.`)
  }
}

/**
 * Gradients of the inputs, in their order; null (or missing) for inputs that have none. A gradient may still have the
 * broadcast shape: the walker sums it down to the input's.
 */
export type GradientRule = (context: GradientContext) => readonly (Value | null)[]

export type GradientRules = Readonly<Record<string, GradientRule>>
