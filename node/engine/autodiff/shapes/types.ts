/** What a shape rule sees of a node, and what it returns. */
import type { DataType, Node } from '../../onnx/index.ts'
import { DifferentiationError } from '../errors.ts'
import { broadcast, type Shape } from '../shape.ts'

export interface TypedShape {
  readonly type: DataType
  readonly shape: Shape
}

export class ShapeContext {
  readonly node: Node
  readonly opset: number
  readonly inputs: readonly (TypedShape | null)[]
  readonly #numbers: (index: number) => number[] | null

  constructor(
    node: Node,
    opset: number,
    inputs: readonly (TypedShape | null)[],
    numbers: (index: number) => number[] | null,
  ) {
    this.node = node
    this.opset = opset
    this.inputs = inputs
    this.#numbers = numbers
  }

  input(index: number): TypedShape {
    const value = this.inputs[index]
    if (!value) throw this.fault(`needs its input ${index}`)
    return value
  }

  has(index: number): boolean {
    return Boolean(this.inputs[index])
  }

  /** The numbers of a constant input, which decide the shape. */
  constant(index: number): number[] {
    const values = this.#numbers(index)
    if (values === null)
      throw this.fault(
        `has an input '${this.node.inputs[index]}' that decides its shape but is not a constant`,
        'unknown-shape',
      )
    return values
  }

  broadcast(...shapes: readonly Shape[]): number[] {
    const shape = broadcast(...shapes)
    if (shape === null)
      throw this.fault(`has inputs of the shapes ${shapes.map(item => `[${item}]`).join(' and ')}, which do not fit`)
    return shape
  }

  fault(sentence: string, reason: 'bad-node' | 'unknown-shape' = 'bad-node'): DifferentiationError {
    return new DifferentiationError(
      reason,
      `Node '${this.node.name || this.node.outputs[0]}' (${this.node.opType}) ${sentence}.`,
    )
  }
}

/** Types and shapes of a node's outputs, optional ones included. */
export type ShapeRule = (context: ShapeContext) => readonly TypedShape[]

export type ShapeRules = Readonly<Record<string, ShapeRule>>
