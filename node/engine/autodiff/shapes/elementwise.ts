/** Operators that work value by value, with broadcasting. */
import { DataType } from '../../onnx/index.ts'
import { intAttribute } from '../attributes.ts'
import type { ShapeRule, ShapeRules } from './types.ts'

const unary: ShapeRule = c => [c.input(0)]

/** Of the type that `dtype` names, the input's unless given. */
const typed: ShapeRule = c => [
  { type: castType(intAttribute(c.node, 'dtype', c.input(0).type)), shape: c.input(0).shape },
]

const predicate: ShapeRule = c => [{ type: DataType.bool, shape: c.input(0).shape }]

const broadcasting: ShapeRule = c => [
  { type: c.input(0).type, shape: c.broadcast(...c.inputs.flatMap(input => (input === null ? [] : [input.shape]))) },
]

const comparison: ShapeRule = c => [{ type: DataType.bool, shape: c.broadcast(c.input(0).shape, c.input(1).shape) }]

function all(names: string, rule: ShapeRule): ShapeRules {
  return Object.fromEntries(names.split(' ').map(name => [name, rule]))
}

export const ELEMENTWISE_SHAPES: ShapeRules = {
  ...all(
    'Neg Exp Log Sqrt Reciprocal Abs Erf Tanh Sigmoid Relu LeakyRelu Gelu Softplus Sin Cos Tan Clip Identity',
    unary,
  ),
  ...all(
    'Sign Floor Ceil Round Elu Selu Celu Shrink HardSigmoid HardSwish Mish Softsign Sinh Cosh Asin Acos Atan BitwiseNot',
    unary,
  ),
  ...all('Asinh Acosh Atanh Hardmax', unary),
  ...all('ThresholdedRelu com.microsoft.Gelu com.microsoft.QuickGelu', unary),
  ...all('Not IsNaN IsInf', predicate),
  ...all('Add Sub Mul Div Pow Min Max Mod PRelu Sum Mean com.microsoft.FastGelu com.microsoft.BiasGelu', broadcasting),
  ...all('Equal Less Greater LessOrEqual GreaterOrEqual And Or Xor', comparison),
  ...all('EyeLike Bernoulli RandomNormalLike RandomUniformLike', typed),
  Dropout: c => [c.input(0), { type: DataType.bool, shape: c.input(0).shape }],
  Cast: c => [{ type: castType(intAttribute(c.node, 'to', DataType.float32)), shape: c.input(0).shape }],
  Where: c => [{ type: c.input(1).type, shape: c.broadcast(c.input(0).shape, c.input(1).shape, c.input(2).shape) }],
}

export function castType(code: number): DataType {
  return Object.values(DataType).find(type => type === code) ?? DataType.undefined
}
