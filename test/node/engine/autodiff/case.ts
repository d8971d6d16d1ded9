/** What a case of the gradient table is made of. */
import type { AttributeValue } from '../../../../node/engine/onnx/index.ts'

export interface InputCase {
  readonly shape: readonly number[]
  /** Values are drawn from here. */
  readonly between?: readonly [number, number]
  /** The values themselves. */
  readonly values?: readonly number[]
  /** Fixed whole numbers, fed as an int64 constant, or as bool. */
  readonly constant?: readonly number[]
  readonly bool?: boolean
  /** Whole numbers that are fed, as int32. */
  readonly whole?: readonly number[]
  /** Kept in the model as a floating point constant. */
  readonly initial?: readonly number[]
  /** Fed, but not differentiated. */
  readonly fixed?: readonly number[]
}

export interface OperatorCase {
  readonly name: string
  readonly op: string
  readonly domain?: string
  readonly inputs: readonly (InputCase | null)[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly opset?: number
  /** Outputs whose sum, each with weights of its own, is differentiated. */
  readonly outputs?: number
  /** Those that the node has, where some in between are left out. */
  readonly places?: readonly number[]
  /** ONNX Runtime has no float64 kernel: differences in float32, with the tolerance that this allows. */
  readonly single?: boolean
}

export const x = (...shape: number[]): InputCase => ({ shape })
export const positive = (...shape: number[]): InputCase => ({ shape, between: [0.3, 2] })
export const inside = (...shape: number[]): InputCase => ({ shape, between: [-0.9, 0.9] })
export const ints = (shape: readonly number[], constant: readonly number[]): InputCase => ({ shape, constant })
export const axes = (...values: number[]): InputCase => ints([values.length], values)
export const bools = (shape: readonly number[], constant: readonly number[]): InputCase => ({
  shape,
  constant,
  bool: true,
})
export const whole = (shape: readonly number[], values: readonly number[]): InputCase => ({ shape, whole: values })
export const float = (value: number) => ({ float: value })

export const unary = (op: string, input: InputCase = x(2, 3), extra: Partial<OperatorCase> = {}): OperatorCase => ({
  name: op,
  op,
  inputs: [input],
  ...extra,
})
export const binary = (op: string, a: InputCase, b: InputCase): OperatorCase => ({
  name: `${op} [${a.shape}] [${b.shape}]`,
  op,
  inputs: [a, b],
})
export const MS = 'com.microsoft'
