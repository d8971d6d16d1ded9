/** One case for each gradient rule: what is fed to the operator, and how far its inputs may be from singular points. */
import type { AttributeValue } from '../../../../node/engine/onnx/index.ts'

export interface InputCase {
  readonly shape: readonly number[]
  /** Values are drawn from here. */
  readonly between?: readonly [number, number]
  /** Fixed whole numbers, fed as an int64 constant, or as bool. */
  readonly constant?: readonly number[]
  readonly bool?: boolean
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
  /** ONNX Runtime has no float64 kernel: differences in float32, with the tolerance that this allows. */
  readonly single?: boolean
}

const x = (...shape: number[]): InputCase => ({ shape })
const positive = (...shape: number[]): InputCase => ({ shape, between: [0.3, 2] })
const inside = (...shape: number[]): InputCase => ({ shape, between: [-0.9, 0.9] })
const ints = (shape: readonly number[], constant: readonly number[]): InputCase => ({ shape, constant })
const axes = (...values: number[]): InputCase => ints([values.length], values)
const bools = (shape: readonly number[], constant: readonly number[]): InputCase => ({ shape, constant, bool: true })
const float = (value: number) => ({ float: value })

const unary = (op: string, input: InputCase = x(2, 3), extra: Partial<OperatorCase> = {}): OperatorCase => ({
  name: op,
  op,
  inputs: [input],
  ...extra,
})
const binary = (op: string, a: InputCase, b: InputCase): OperatorCase => ({
  name: `${op} [${a.shape}] [${b.shape}]`,
  op,
  inputs: [a, b],
})
const MS = 'com.microsoft'

export const CASES: readonly OperatorCase[] = [
  ...['Identity', 'Neg', 'Exp', 'Abs', 'Sin', 'Cos', 'Tanh', 'Sigmoid', 'Relu'].map(op => unary(op)),
  ...[
    'Erf',
    'Tan',
    'Sinh',
    'Cosh',
    'Atan',
    'Softplus',
    'Softsign',
    'Mish',
    'HardSwish',
    'Elu',
    'LeakyRelu',
    'HardSigmoid',
  ].map(op => unary(op, x(2, 3), { single: true, opset: 18 })),
  ...['Log', 'Sqrt', 'Reciprocal'].map(op => unary(op, positive(2, 3))),
  ...['Asin', 'Acos'].map(op => unary(op, inside(2, 3), { single: true })),
  unary('Gelu', x(2, 3), { opset: 20, single: true }),
  unary('Gelu', x(2, 3), { name: 'Gelu tanh', opset: 20, single: true, attributes: { approximate: 'tanh' } }),
  unary('Gelu', x(2, 3), { name: 'com.microsoft Gelu', domain: MS, single: true }),
  unary('QuickGelu', x(2, 3), { domain: MS, single: true }),
  { name: 'FastGelu', op: 'FastGelu', domain: MS, inputs: [x(2, 3), x(3)], single: true },
  { name: 'BiasGelu', op: 'BiasGelu', domain: MS, inputs: [x(2, 3), x(3)], single: true },
  ...['Add', 'Sub', 'Mul'].flatMap(op => [
    binary(op, x(2, 3), x(2, 3)),
    binary(op, x(2, 1, 3), x(4, 1)),
    binary(op, x(), x(2, 2)),
    binary(op, x(2, 2), x(1)),
  ]),
  binary('Div', x(2, 3), positive(3)),
  binary('Div', x(2), positive(2, 2)),
  binary('Pow', positive(2, 3), x(3)),
  { name: 'Pow constant 2', op: 'Pow', inputs: [x(2, 3), { shape: [], fixed: [2] }] },
  { name: 'Pow constant 3', op: 'Pow', inputs: [x(2, 3), { shape: [], fixed: [3] }] },
  { name: 'Pow constant -0.5', op: 'Pow', inputs: [positive(2, 3), { shape: [], fixed: [-0.5] }] },
  binary('Min', x(2, 3), x(3)),
  binary('Max', x(2, 3), x(2, 1)),
  { name: 'Max of three', op: 'Max', inputs: [x(4), x(4), x(4)] },
  { name: 'Sum', op: 'Sum', inputs: [x(2, 3), x(3), x(1)] },
  { name: 'Mean', op: 'Mean', inputs: [x(2, 3), x(3)], single: true },
  { name: 'PRelu', op: 'PRelu', inputs: [x(2, 3), positive(3)] },
  {
    name: 'Clip',
    op: 'Clip',
    inputs: [x(3, 4), { shape: [], between: [-0.6, -0.5] }, { shape: [], between: [0.5, 0.6] }],
  },
  { name: 'Clip above', op: 'Clip', inputs: [x(3, 4), null, { shape: [], between: [0.5, 0.6] }] },
  { name: 'Where', op: 'Where', inputs: [bools([2, 1], [1, 0]), x(2, 3), x(3)] },
  { name: 'Cast', op: 'Cast', inputs: [x(2, 2)], attributes: { to: 1 }, single: true },
  { name: 'Dropout', op: 'Dropout', inputs: [x(2, 3)] },

  ...[
    [
      [2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [2, 3, 2],
    ],
    [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
    [[3], [3, 2]],
    [[2, 3], [3]],
    [[3], [3]],
    [[2, 2, 3], [3]],
    [[3], [2, 3, 2]],
    [
      [2, 3],
      [2, 3, 2],
    ],
  ].flatMap(([a, b]) => [
    binary('MatMul', x(...a!), x(...b!)),
    { ...binary('MatMul', x(...a!), x(...b!)), name: `MatMul f32 [${a}] [${b}]`, single: true },
  ]),
  ...[0, 1].flatMap(transA => [0, 1].flatMap(transB => gemm(transA, transB))),

  ...[
    'ReduceSum',
    'ReduceMean',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
    'ReduceMax',
    'ReduceMin',
  ].flatMap(op => [
    { name: `${op} keeps`, op, inputs: [x(2, 3, 2), axes(1)], opset: 18 },
    { name: `${op} drops`, op, inputs: [x(2, 3, 2), axes(0, -1)], attributes: { keepdims: 0 }, opset: 18 },
    { name: `${op} all`, op, inputs: [x(2, 3)], opset: 18 },
    ...(op === 'ReduceSum'
      ? []
      : [{ name: `${op} attribute`, op, inputs: [x(2, 3, 2)], attributes: { axes: [-1], keepdims: 0 }, opset: 13 }]),
  ]),
  { name: 'ReduceLogSum', op: 'ReduceLogSum', inputs: [positive(2, 3), axes(1)], opset: 18 },
  { name: 'CumSum', op: 'CumSum', inputs: [x(2, 3), ints([], [1])] },
  {
    name: 'CumSum reverse exclusive',
    op: 'CumSum',
    inputs: [x(2, 3), ints([], [0])],
    attributes: { reverse: 1, exclusive: 1 },
  },
  { name: 'Einsum', op: 'Einsum', inputs: [x(2, 3, 2), x(2, 4, 2)], attributes: { equation: 'bqd,bkd->bqk' } },
  { name: 'Einsum sums alone', op: 'Einsum', inputs: [x(2, 3), x(3, 2)], attributes: { equation: 'ij,jk->k' } },

  { name: 'Reshape', op: 'Reshape', inputs: [x(2, 6), axes(0, 3, -1)] },
  { name: 'Flatten', op: 'Flatten', inputs: [x(2, 3, 2)], attributes: { axis: 2 } },
  { name: 'Squeeze', op: 'Squeeze', inputs: [x(2, 1, 3), axes(1)] },
  { name: 'Unsqueeze', op: 'Unsqueeze', inputs: [x(2, 3), axes(0, -1)] },
  { name: 'Expand', op: 'Expand', inputs: [x(2, 1), axes(3, 1, 4)] },
  { name: 'Transpose', op: 'Transpose', inputs: [x(2, 3, 2)], attributes: { perm: [2, 0, 1] } },
  { name: 'Transpose reverse', op: 'Transpose', inputs: [x(2, 3, 2)] },
  { name: 'Concat', op: 'Concat', inputs: [x(2, 1), x(2, 3), x(2, 2)], attributes: { axis: -1 } },
  { name: 'Split', op: 'Split', inputs: [x(2, 5), axes(2, 3)], attributes: { axis: 1 }, outputs: 2 },
  { name: 'Split evenly', op: 'Split', inputs: [x(4, 2)], outputs: 2 },
  { name: 'Slice', op: 'Slice', inputs: [x(4, 5), axes(1, -3), axes(3, 100), axes(0, 1)] },
  { name: 'Slice with steps', op: 'Slice', inputs: [x(5, 4), axes(4, 0), axes(-100, 4), axes(0, 1), axes(-2, 3)] },
  { name: 'Pad', op: 'Pad', inputs: [x(2, 3), axes(1, 0, 2, 1)] },
  { name: 'Pad some axes', op: 'Pad', inputs: [x(2, 3), axes(1, 2), null, axes(-1)], opset: 18 },
  { name: 'Tile', op: 'Tile', inputs: [x(2, 3), axes(2, 3)] },
  { name: 'Trilu upper', op: 'Trilu', inputs: [x(3, 3), ints([], [1])] },
  { name: 'Trilu lower', op: 'Trilu', inputs: [x(2, 3, 3)], attributes: { upper: 0 } },

  { name: 'Gather', op: 'Gather', inputs: [x(4, 3), ints([2, 2], [0, 3, 3, -2])] },
  { name: 'Gather axis 1', op: 'Gather', inputs: [x(2, 4, 2), ints([3], [1, 1, 2])], attributes: { axis: 1 } },
  { name: 'Gather one', op: 'Gather', inputs: [x(2, 4), ints([], [-1])], attributes: { axis: 1 } },
  { name: 'GatherElements', op: 'GatherElements', inputs: [x(3, 3), ints([2, 3], [0, 2, 1, 0, 2, 0])] },
  { name: 'GatherND', op: 'GatherND', inputs: [x(3, 2, 2), ints([3, 2], [0, 1, -1, 0, 0, 1])] },
  { name: 'ScatterElements', op: 'ScatterElements', inputs: [x(3, 3), ints([2, 2], [0, 2, 1, 0]), x(2, 2)] },
  {
    name: 'ScatterElements add',
    op: 'ScatterElements',
    inputs: [x(3, 3), ints([2, 2], [0, 2, 0, 2]), x(2, 2)],
    attributes: { axis: 1, reduction: 'add' },
  },
  { name: 'ScatterND', op: 'ScatterND', inputs: [x(4, 2), ints([2, 1], [3, 1]), x(2, 2)] },
  { name: 'TopK', op: 'TopK', inputs: [x(2, 4), axes(2)], outputs: 1 },

  ...['Softmax', 'LogSoftmax'].flatMap(op => [
    unary(op),
    unary(op, x(2, 3, 2), { name: `${op} axis 1`, attributes: { axis: 1 } }),
  ]),
  {
    name: 'LayerNormalization',
    op: 'LayerNormalization',
    inputs: [x(2, 5), x(5), x(5)],
    attributes: { epsilon: float(1e-3) },
  },
  {
    name: 'LayerNormalization two axes',
    op: 'LayerNormalization',
    inputs: [x(2, 2, 3), x(2, 3)],
    attributes: { axis: -2 },
  },
  { name: 'SimplifiedLayerNormalization', op: 'SimplifiedLayerNormalization', inputs: [x(3, 4), x(4)], single: true },
  { name: 'RMSNormalization', op: 'RMSNormalization', inputs: [x(3, 4), x(4)], opset: 23, single: true },
  {
    name: 'BatchNormalization',
    op: 'BatchNormalization',
    inputs: [x(2, 3, 2), x(3), x(3), x(3), positive(3)],
    outputs: 1,
  },
  { name: 'InstanceNormalization', op: 'InstanceNormalization', inputs: [x(2, 2, 4), x(2), x(2)], single: true },
  {
    name: 'GroupNormalization',
    op: 'GroupNormalization',
    inputs: [x(1, 4, 3), x(4), x(4)],
    attributes: { num_groups: 2 },
    opset: 21,
    single: true,
  },
  {
    name: 'Attention causal, grouped',
    op: 'Attention',
    inputs: [x(1, 4, 3, 2), x(1, 2, 3, 2), x(1, 2, 3, 2)],
    attributes: { is_causal: 1 },
    opset: 23,
    single: true,
  },
  {
    name: 'Attention flat, masked',
    op: 'Attention',
    inputs: [x(1, 3, 4), x(1, 3, 4), x(1, 3, 4), x(3, 3)],
    attributes: { q_num_heads: 2, kv_num_heads: 2 },
    opset: 23,
    single: true,
  },
  {
    name: 'RotaryEmbedding',
    op: 'RotaryEmbedding',
    inputs: [x(1, 2, 3, 4), x(1, 3, 2), x(1, 3, 2)],
    opset: 23,
    single: true,
  },

  ...['mean', 'sum', 'none'].flatMap(reduction => [
    {
      name: `SoftmaxCrossEntropyLoss ${reduction}`,
      op: 'SoftmaxCrossEntropyLoss',
      inputs: [x(3, 4), ints([3], [1, 0, 3])],
      attributes: { reduction },
      single: true,
    },
    {
      name: `NegativeLogLikelihoodLoss ${reduction}`,
      op: 'NegativeLogLikelihoodLoss',
      inputs: [x(2, 4, 2), ints([2, 2], [1, 0, 3, 1])],
      attributes: { reduction },
      single: true,
    },
  ]),
  {
    name: 'SoftmaxCrossEntropyLoss weighted, ignoring',
    op: 'SoftmaxCrossEntropyLoss',
    inputs: [x(4, 3), ints([4], [1, 0, -1, 2]), { shape: [3], fixed: [0.5, 2, 1] }],
    attributes: { ignore_index: -1 },
    single: true,
  },

  {
    name: 'Conv',
    op: 'Conv',
    inputs: [x(2, 2, 5), x(3, 2, 3), x(3)],
    attributes: { kernel_shape: [3], strides: [2], pads: [1, 0] },
    single: true,
  },
  {
    name: 'Conv grouped, dilated',
    op: 'Conv',
    inputs: [x(1, 4, 5, 4), x(2, 2, 2, 2)],
    attributes: { kernel_shape: [2, 2], dilations: [2, 1], group: 2 },
    single: true,
  },
  {
    name: 'Conv same',
    op: 'Conv',
    inputs: [x(1, 1, 5), x(1, 1, 3)],
    attributes: { auto_pad: 'SAME_UPPER', strides: [2] },
    single: true,
  },
  {
    name: 'MaxPool',
    op: 'MaxPool',
    inputs: [x(1, 2, 5, 4)],
    attributes: { kernel_shape: [2, 2], strides: [2, 1] },
    outputs: 1,
    single: true,
  },
  {
    name: 'AveragePool',
    op: 'AveragePool',
    inputs: [x(1, 2, 5, 4)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    single: true,
  },
  { name: 'GlobalAveragePool', op: 'GlobalAveragePool', inputs: [x(2, 2, 3, 2)], single: true },
  { name: 'GlobalMaxPool', op: 'GlobalMaxPool', inputs: [x(2, 2, 3)], single: true },
]

function gemm(transA: number, transB: number): OperatorCase[] {
  const a = transA === 1 ? x(3, 2) : x(2, 3)
  const b = transB === 1 ? x(4, 3) : x(3, 4)
  const attributes = { transA, transB, alpha: float(0.7) }
  const batch = (input: InputCase) => x(2, ...input.shape)
  return [
    {
      name: `Gemm ${transA}${transB}`,
      op: 'Gemm',
      inputs: [a, b, x(4)],
      attributes: { ...attributes, beta: float(0.3) },
    },
    {
      name: `FusedMatMul ${transA}${transB}`,
      op: 'FusedMatMul',
      domain: MS,
      inputs: [batch(a), batch(b)],
      attributes,
      single: true,
    },
  ]
}
