/** Cases of ONNX Runtime's fused operators, whose own kernels are what is written out is held against. */
import { float, type InputCase, ints, MS, type OperatorCase, whole, x } from './case.ts'

type Case = Omit<OperatorCase, 'domain' | 'single' | 'op'>

const fused = (op: string, cases: readonly Case[]): OperatorCase[] =>
  cases.map(test => ({ ...test, op, domain: MS, single: true, name: `${MS} ${op} ${test.name}` }))

const NORMALISATIONS: readonly OperatorCase[] = [
  ...fused('SkipLayerNormalization', [
    { name: 'of two', inputs: [x(2, 3, 4), x(2, 3, 4), x(4)] },
    {
      name: 'with all it has',
      inputs: [x(2, 3, 4), x(3, 4), x(4), x(4), x(4)],
      attributes: { epsilon: float(0.1) },
      places: [0, 3],
    },
  ]),
  ...fused('SkipSimplifiedLayerNormalization', [
    { name: 'of two', inputs: [x(2, 3, 4), x(2, 3, 4), x(4)] },
    {
      name: 'with all it has',
      inputs: [x(2, 3, 4), x(1, 3, 4), x(4), x(4)],
      attributes: { epsilon: float(0.1) },
      places: [0, 3],
    },
    { name: 'of rank 2', inputs: [x(3, 4), x(3, 4), x(4)] },
  ]),
  ...fused('EmbedLayerNormalization', [
    {
      name: 'with all it has',
      inputs: [
        whole([2, 3], [0, 1, 2, 2, 1, 0]),
        whole([2, 3], [0, 1, 0, 1, 1, 0]),
        x(4, 4),
        x(5, 4),
        x(2, 4),
        x(4),
        x(4),
        whole([2, 3], [1, 1, 0, 1, 0, 1]),
        whole([2, 3], [1, 2, 3, 4, 0, 1]),
      ],
      attributes: { epsilon: float(0.01) },
      places: [0, 2],
    },
    {
      name: 'of words and their places',
      inputs: [whole([2, 3], [0, 1, 2, 2, 1, 0]), null, x(4, 4), x(5, 4), null, x(4), x(4)],
      attributes: { epsilon: float(0.01) },
      places: [0, 2],
    },
    {
      name: 'of positions for all',
      inputs: [
        whole([2, 3], [0, 1, 2, 2, 1, 0]),
        null,
        x(4, 4),
        x(5, 4),
        null,
        x(4),
        x(4),
        null,
        whole([1, 3], [4, 2, 3]),
      ],
      attributes: { epsilon: float(0.01) },
      places: [0, 2],
    },
  ]),
]

const tables = (rows: number, half: number): InputCase[] => [x(rows, half), x(rows, half)]
const PLACES = ints([2, 3], [0, 1, 2, 2, 4, 5])

const ROTATIONS = fused('RotaryEmbedding', [
  { name: 'of flat heads', inputs: [x(2, 3, 8), PLACES, ...tables(6, 2)] },
  { name: 'from a first place', inputs: [x(2, 3, 8), ints([1], [2]), ...tables(6, 2)], attributes: { interleaved: 1 } },
  { name: 'of heads', inputs: [x(2, 2, 3, 4), PLACES, ...tables(6, 2)] },
  {
    name: 'in part',
    inputs: [x(2, 3, 12), PLACES, ...tables(6, 2)],
    attributes: { num_heads: 2, rotary_embedding_dim: 4 },
  },
  {
    name: 'of heads in part',
    inputs: [x(2, 2, 3, 6), PLACES, ...tables(6, 2)],
    attributes: { num_heads: 2, rotary_embedding_dim: 4 },
  },
])

/** Of two sequences of three tokens; the filter is small, so that it shows. */
const PADDINGS: readonly { name: string; mask: InputCase }[] = [
  { name: 'by lengths', mask: whole([2], [3, 1]) },
  { name: 'by ends and starts', mask: whole([4], [3, 2, 1, 0]) },
  { name: 'by lengths and their sums', mask: whole([8], [3, 1, 0, 3, 4, 0, 3, 4]) },
  { name: 'of keys', mask: whole([2, 3], [1, 1, 0, 0, 1, 1]) },
  { name: 'of queries and keys', mask: whole([2, 3, 3], [1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0]) },
  { name: 'by a dummy', mask: whole([2, 1], [1, 0]) },
]

/** Hides every third pair of two sequences. */
const paddingOfBoth = (queries: number, keys: number): InputCase =>
  whole(
    [2, queries, keys],
    Array.from({ length: 2 * queries * keys }, (_, at) => (at % 3 === 1 ? 0 : 1)),
  )

const projected = (mask: InputCase | null, ...more: (InputCase | null)[]) => [
  x(2, 3, 4),
  x(4, 12),
  x(12),
  mask,
  ...more,
]

const ATTENTIONS: readonly OperatorCase[] = [
  ...fused('Attention', [
    { name: 'plain', inputs: projected(null), attributes: { num_heads: 2 } },
    ...PADDINGS.map(({ name, mask }) => ({
      name: `with padding ${name}`,
      inputs: projected(mask),
      attributes: { num_heads: 2, mask_filter_value: float(-1) },
    })),
    {
      name: 'causal, over padding',
      inputs: projected(whole([2, 3], [0, 1, 1, 1, 1, 0])),
      attributes: { num_heads: 2, unidirectional: 1, scale: float(0.4) },
    },
    {
      name: 'with keys of before',
      inputs: projected(null, x(2, 2, 2, 1, 2)),
      attributes: { num_heads: 2, unidirectional: 1 },
      outputs: 2,
    },
    ...[1, 3].map(tokens => ({
      name: `causal, of ${tokens}, with keys of before and padding of queries and keys`,
      inputs: [x(2, tokens, 4), x(4, 12), x(12), paddingOfBoth(tokens, tokens + 2), x(2, 2, 2, 2, 2)],
      attributes: { num_heads: 2, unidirectional: 1, mask_filter_value: float(-1) },
      outputs: 2,
    })),
    {
      name: 'with a term for each score',
      inputs: projected(null, null, x(1, 2, 3, 3)),
      attributes: { num_heads: 2 },
    },
    {
      name: 'with values of another width',
      inputs: [x(2, 3, 4), x(4, 14), x(14)],
      attributes: { num_heads: 2, qkv_hidden_sizes: [4, 4, 6] },
    },
  ]),
  ...fused('MultiHeadAttention', [
    { name: 'across', inputs: [x(2, 3, 4), x(2, 5, 4), x(2, 5, 6), x(14)], attributes: { num_heads: 2 }, outputs: 3 },
    ...PADDINGS.filter(({ name }) => !/starts|dummy/.test(name)).map(({ name, mask }) => ({
      name: `with padding ${name}`,
      inputs: [x(2, 3, 4), x(2, 3, 4), x(2, 3, 4), null, mask],
      attributes: { num_heads: 2, mask_filter_value: float(-1) },
    })),
    {
      name: 'causal, with keys of before',
      inputs: [x(2, 3, 4), x(2, 3, 4), x(2, 3, 4), null, null, x(2, 1, 3, 4), x(2, 2, 1, 2), x(2, 2, 1, 2)],
      attributes: { num_heads: 2, unidirectional: 1 },
      outputs: 3,
    },
    ...[0, 1, 4].map(past => ({
      name: `causal, of more queries than keys, ${past} of them of before`,
      inputs: [
        x(2, 4, 4),
        x(2, 2, 4),
        x(2, 2, 4),
        x(12),
        paddingOfBoth(4, past + 2),
        x(1, 2, 4, past + 2),
        ...(past === 0 ? [] : [x(2, 2, past, 2), x(2, 2, past, 2)]),
      ],
      attributes: { num_heads: 2, unidirectional: 1, mask_filter_value: float(-1) },
      outputs: 3,
    })),
    {
      name: 'with scores',
      inputs: [x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), null, whole([2, 5], [1, 1, 1, 0, 1, 1, 1, 0, 0, 0]), x(1, 1, 3, 5)],
      attributes: { num_heads: 2, scale: float(0.4), mask_filter_value: float(-1) },
      places: [0, 3],
    },
    {
      name: 'over keys and values of another run',
      inputs: [x(2, 3, 4), x(2, 2, 5, 2), x(2, 2, 5, 2)],
      attributes: { num_heads: 2 },
    },
  ]),
]

/** Of a first run: its queries, keys and values, no cache, lengths less one, the longest length, and what else there is. */
const first = (width: number, ...more: (InputCase | null)[]) => [
  x(2, 3, 4 * width),
  x(2, 3, 2 * width),
  x(2, 3, 2 * width),
  null,
  null,
  whole([2], [2, 2]),
  whole([1], [3]),
  ...more,
]

const GROUPED = fused(
  'GroupQueryAttention',
  [
    { name: 'plain', inputs: first(8), outputs: 3 },
    { name: 'of one', inputs: [x(2, 3, 64), null, null, ...first(8).slice(3)], outputs: 3 },
    { name: 'with positions', inputs: first(16, ...tables(5, 8)), attributes: { do_rotary: 1 }, outputs: 3 },
    {
      name: 'with neighbours turned in part, from a first place',
      inputs: first(32, ...tables(5, 8), ints([2, 3], [1, 2, 3, 1, 2, 3])),
      attributes: { do_rotary: 1, rotary_interleaved: 1 },
    },
    {
      name: 'with a window and bounded scores',
      inputs: first(8, null, null, null, x(1, 4, 3, 3)),
      attributes: { local_window_size: 2, softcap: float(0.5), scale: float(0.5) },
    },
    { name: 'of all keys', inputs: first(8), attributes: { causal: 0, smooth_softmax: 1, qk_output: 2 }, outputs: 4 },
    {
      name: 'of all keys but padding',
      inputs: first(8).with(5, whole([2], [2, 1])),
      attributes: { causal: 0 },
      outputs: 3,
    },
    { name: 'with sinks', inputs: first(8, null, null, null, null, x(4)) },
  ].map(test => ({ ...test, attributes: { ...test.attributes, num_heads: 4, kv_num_heads: 2 } })),
)

const GEMMS = fused(
  'FusedGemm',
  [
    { name: 'Relu', inputs: [x(2, 4), x(4, 3), x(3)] },
    { name: 'Tanh', inputs: [x(4, 2), x(3, 4)], more: { transA: 1, transB: 1, alpha: float(0.5) } },
    { name: 'Elu', inputs: [x(2, 4), x(4, 3), x(3)], more: { activation_alpha: float(0.5), beta: float(2) } },
    { name: 'LeakyRelu', inputs: [x(2, 4), x(4, 3)], more: { activation_alpha: float(0.2) } },
    {
      name: 'HardSigmoid',
      inputs: [x(2, 4), x(4, 3)],
      more: { activation_alpha: float(0.1), activation_beta: float(0.5) },
    },
    { name: 'Selu', inputs: [x(2, 4), x(4, 3)], more: { activation_alpha: float(1), activation_gamma: float(2) } },
  ].map(({ name, inputs, more }) => ({ name, inputs, attributes: { activation: name, ...more } })),
)

const CONVOLUTIONS = fused('FusedConv', [
  {
    name: 'Relu over a sum',
    inputs: [x(1, 2, 4, 3), x(3, 2, 2, 2), x(3), x(1, 3, 3, 2)],
    attributes: { activation: 'Relu' },
  },
  {
    name: 'LeakyRelu with strides and pads',
    inputs: [x(1, 4, 5, 4), x(2, 2, 2, 2), x(2)],
    attributes: {
      activation: 'LeakyRelu',
      activation_params: { floats: [0.2] },
      kernel_shape: [2, 2],
      strides: [2, 1],
      pads: [1, 0, 0, 1],
      dilations: [1, 2],
      group: 2,
    },
  },
  {
    name: 'Clip',
    inputs: [x(1, 2, 4), x(2, 2, 2)],
    attributes: { activation: 'Clip', activation_params: { floats: [-1, 0.5] }, auto_pad: 'SAME_UPPER' },
  },
  {
    name: 'HardSigmoid',
    inputs: [x(1, 2, 4), x(2, 2, 2)],
    attributes: { activation: 'HardSigmoid', activation_params: { floats: [0.1, 0.5] } },
  },
  { name: 'HardSwish', inputs: [x(1, 2, 4), x(2, 2, 2)], attributes: { activation: 'HardSwish' } },
])

const PRODUCTS = fused('FusedMatMul', [
  { name: 'of rows before batches', inputs: [x(3, 2, 4), x(2, 4, 5)], attributes: { transBatchA: 1 } },
  {
    name: 'of both, transposed',
    inputs: [x(4, 2, 2, 3), x(5, 2, 2, 4)],
    attributes: { transBatchA: 1, transBatchB: 1, transA: 1, transB: 1, alpha: float(0.5) },
  },
])

export const FUSED_CASES: readonly OperatorCase[] = [
  ...NORMALISATIONS,
  ...ROTATIONS,
  ...ATTENTIONS,
  ...GROUPED,
  ...PRODUCTS,
  ...GEMMS,
  ...CONVOLUTIONS,
]
