/** Graphs as ONNX Runtime's optimiser writes them, layouts that its CPU has no kernel for, and what is refused. */
import { expect } from 'chai'
import {
  DifferentiationError,
  differentiate,
  parametersOf,
  parametersToInputs,
} from '../../../../node/engine/autodiff/index.ts'
import { numbersOf } from '../../../../node/engine/autodiff/values.ts'
import { type AttributeValue, DataType, intTensor, type Model, type Node } from '../../../../node/engine/onnx/index.ts'
import { type Feed, openModel, product, relativeError } from '../support.ts'
import { float, MS } from './case.ts'
import { asInput, decoder, draw, encoder, fused, modelOf } from './fused-graphs.ts'

/** Step along a direction as long as 1, and what rounding in float32 leaves of a difference. */
const STEP = 0.01
const TOLERANCE = 5e-3

/** The change of a sum of outputs along a direction, for each parameter, by the fused operators and by gradients. */
async function holdAgainst(model: Model, feeds: Record<string, Feed>, rows: number): Promise<void> {
  const names = parametersOf(model.graph)
  const dimensions = { past_sequence_length: 0, total_sequence_length: 3 }
  const made = differentiate(model, { withRespectTo: names, seeds: { y: 'seed' }, dimensions })
  expect(made.graph.nodes.filter(({ name, domain }) => domain === MS && /Norm|Attention/.test(name))).to.deep.equal([])
  const shape = made.graph.outputs[0]!.type!.shape!.map(Number)
  const count = product(shape)
  // Of the last sequence, only the first rows are no padding.
  const isPadding = (at: number) => at >= count - (shape[1]! - rows) * shape[2]!
  const seed = draw([count]).map((value, at) => (isPadding(at) ? 0 : value))
  const forward = await openModel(parametersToInputs(model, names))
  const parameters = Object.fromEntries(
    model.graph.initializers
      .filter(({ name }) => names.includes(name))
      .map(tensor => [tensor.name, { type: tensor.type, shape: tensor.shape, data: numbersOf(tensor) }]),
  )
  const loss = async (changed: Record<string, Feed>) => {
    const { y } = await forward({ ...feeds, ...parameters, ...changed })
    return seed.reduce((sum, value, at) => (value === 0 ? sum : sum + value * y![at]!), 0)
  }
  const results = await (await openModel(made))({ ...feeds, seed: { type: DataType.float32, shape, data: seed } })
  const { y } = await forward({ ...feeds, ...parameters })
  const shown = (values: number[]) => values.filter((_, at) => !isPadding(at))
  expect(relativeError(shown(results['y']!), shown(y!)), 'y').to.be.lessThan(2e-6)
  for (const name of names) {
    const gradient = results[`d.${name}`]!
    const feed = parameters[name]!
    const length = Math.hypot(...gradient)
    const direction = draw([gradient.length]).map((value, at) => value / 4 + gradient[at]! / length)
    const norm = Math.hypot(...direction)
    const unit = direction.map(value => value / norm)
    const moved = (step: number) => ({
      [name]: { ...feed, data: feed.data.map((value, at) => value + step * unit[at]!) },
    })
    const difference = ((await loss(moved(STEP))) - (await loss(moved(-STEP)))) / (2 * STEP)
    const expected = gradient.reduce((sum, value, at) => sum + value * unit[at]!, 0)
    expect(Math.abs(difference - expected), name).to.be.lessThan(TOLERANCE * Math.max(length, 1))
  }
}

describe('graphs as the optimiser writes them', () => {
  it('an encoder with its tables, padding and biases', async () => {
    const { model, feeds } = encoder()
    expect(parametersOf(model.graph)).to.have.length(17)
    await holdAgainst(model, feeds, 4)
  })

  it('tables whose gradients are rows', () => {
    const { graph } = differentiate(encoder().model, { withRespectTo: [], rowsOf: ['words', 'kinds'] })
    expect(graph.outputs.slice(1).map(({ name, type }) => [name, type?.shape])).to.deep.equal([
      ['rows.words', [8, 8]],
      ['rows.kinds', [8, 8]],
    ])
  })

  it('a decoder with an empty cache, whose tables of positions are not trained', async () => {
    const { model, feeds } = decoder()
    expect(parametersOf(model.graph)).to.include('table').and.not.include('cos')
    await holdAgainst(model, feeds, 2)
  })
})

/** What a node gives and its gradients, on what is fed. */
async function differentiated(node: Node, feeds: Record<string, Feed>, withRespectTo: string[]) {
  const model = modelOf([node], [], Object.entries(feeds).map(asInput), ['y'])
  const made = differentiate(model, { withRespectTo })
  return (await openModel(made))(feeds)
}

describe('queries, keys and values in one', () => {
  const [batch, tokens, heads, width] = [2, 3, 2, 4]
  const attributes = { num_heads: heads, unidirectional: 1 }
  const fed = (...shape: number[]): Feed => ({ type: DataType.float32, shape, data: draw(shape) })
  const bias = fed(3 * heads * width)
  const flat = (count: number) => Array.from({ length: count }, () => fed(batch, tokens, heads * width))

  /** [batch, tokens, heads, parts, width] */
  function packed(parts: readonly Feed[]): Feed {
    const data = Array.from({ length: batch * tokens * heads }, (_, row) =>
      parts.flatMap(part => part.data.slice(row * width, (row + 1) * width)),
    )
    return { type: DataType.float32, shape: [batch, tokens, heads, parts.length, width], data: data.flat() }
  }

  async function isAlike(inputs: string[], feeds: Record<string, Feed>, parts: Record<string, string[]>) {
    const [q, k, v] = flat(3) as [Feed, Feed, Feed]
    const all = { q, k, v, bias }
    const apart = fused('MultiHeadAttention', ['q', 'k', 'v', 'bias'], ['y'], attributes)
    const expected = await differentiated(apart, all, Object.keys(all))
    const named = Object.entries(parts).map(([name, of]) => [name, packed(of.map(part => all[part as 'q']))])
    const given = { ...feeds, ...Object.fromEntries(named), bias, ...(inputs[0] === 'q' ? { q } : {}) }
    const node = fused('MultiHeadAttention', inputs, ['y'], attributes)
    const actual = await differentiated(node, given, Object.keys(given))
    expect(relativeError(actual['y']!, expected['y']!)).to.be.lessThan(2e-6)
    expect(relativeError(actual['d.bias']!, expected['d.bias']!)).to.be.lessThan(2e-6)
    for (const [name, of] of Object.entries(parts)) {
      const shape = [batch, tokens, heads * width]
      const gradients = of.map(part => ({ type: DataType.float32, shape, data: expected[`d.${part}`]! }))
      expect(relativeError(actual[`d.${name}`]!, packed(gradients).data)).to.be.lessThan(2e-6)
    }
  }

  it('is what it is apart', () => isAlike(['qkv', '', '', 'bias'], {}, { qkv: ['q', 'k', 'v'] }))

  it('is what it is apart, but for the queries', () => isAlike(['q', 'kv', '', 'bias'], {}, { kv: ['k', 'v'] }))
})

interface Refusal {
  readonly op: string
  /** Shapes of floating point inputs; null for one that is left out. */
  readonly inputs: readonly (readonly number[] | null)[]
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly outputs?: readonly string[]
  readonly what: RegExp
}

const twice = (shape: readonly number[]) => [shape, shape]
const GROUPED = { num_heads: 2, kv_num_heads: 1 }
const FIRST = [[1, 3, 16], [1, 3, 8], [1, 3, 8], null, null, [1], [1]]
const ATTENTION = [
  [2, 3, 4],
  [4, 12],
]

/** More keys than queries: flat, of one query, after keys of before, in one with the values, of another run. */
const WIDE: readonly Refusal['inputs'][] = [
  [[2, 3, 4], ...twice([2, 5, 4])],
  [[2, 1, 4], ...twice([2, 2, 4])],
  [[2, 3, 4], ...twice([2, 4, 4]), null, null, null, ...twice([2, 2, 1, 2])],
  [
    [2, 3, 4],
    [2, 5, 2, 2, 2],
  ],
  [[2, 3, 4], ...twice([2, 2, 5, 2])],
]

const REFUSALS: readonly Refusal[] = [
  { op: 'Attention', inputs: ATTENTION, attributes: { do_rotary: 1 }, what: /do_rotary/ },
  { op: 'Attention', inputs: ATTENTION, attributes: { past_present_share_buffer: 1 }, what: /share_buffer/ },
  { op: 'Attention', inputs: [...ATTENTION, null, [2, 1, 3, 3]], what: /a mask of the shape \[2,1,3,3\]/ },
  { op: 'MultiHeadAttention', inputs: [[2, 3, 4], ...new Array(7).fill(null), [1]], what: /past_sequence_length/ },
  { op: 'MultiHeadAttention', inputs: [[2, 3, 4], ...new Array(8).fill(null), [1]], what: /cache_indirection/ },
  {
    op: 'MultiHeadAttention',
    inputs: [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    attributes: { unidirectional: 1 },
    outputs: ['y', '', '', 'qk'],
    what: /the output qk/,
  },
  ...WIDE.map(inputs => ({
    op: 'MultiHeadAttention',
    inputs,
    attributes: { unidirectional: 1 },
    what: /causal attention over more keys than queries/,
  })),
  {
    op: 'GroupQueryAttention',
    inputs: FIRST.with(3, [1, 1, 2, 8]).with(4, [1, 1, 2, 8]),
    what: /a cache that is not empty/,
  },
  { op: 'GroupQueryAttention', inputs: FIRST, attributes: { do_rotary: 1 }, what: /without cos_cache/ },
  { op: 'GroupQueryAttention', inputs: FIRST, attributes: { local_window_size: 0 }, what: /local_window_size/ },
  { op: 'GroupQueryAttention', inputs: FIRST, attributes: { sliding_window_cache: 1 }, what: /sliding_window_cache/ },
  { op: 'GroupQueryAttention', inputs: FIRST, attributes: { kv_cache_bit_width: 8 }, what: /quantised/ },
  { op: 'GroupQueryAttention', inputs: FIRST, attributes: { k_quant_type: 'PER_TENSOR' }, what: /quantised/ },
  { op: 'GroupQueryAttention', inputs: [...FIRST, ...new Array(7).fill(null), [8], [8]], what: /q_norm_weight/ },
  {
    op: 'GroupQueryAttention',
    inputs: FIRST,
    attributes: { qk_output: 1 },
    outputs: ['y', '', '', 'qk'],
    what: /output_qk/,
  },
  { op: 'RotaryEmbedding', inputs: [[1, 3, 8], [1], [6, 2], [6, 2]], attributes: { scale: float(2) }, what: /scale/ },
  { op: 'RotaryEmbedding', inputs: [[1, 3, 8]], attributes: { is_packed_batching: 1 }, what: /is_packed_batching/ },
  {
    op: 'SkipSimplifiedLayerNormalization',
    inputs: [[2, 3, 4], [2, 3, 4], [4]],
    outputs: ['y', 'mean'],
    what: /the output mean/,
  },
  {
    op: 'FusedGemm',
    inputs: [
      [2, 3],
      [3, 4],
    ],
    attributes: { activation: 'Clip' },
    what: /the activation 'Clip'/,
  },
  {
    op: 'FusedConv',
    inputs: [
      [1, 2, 4],
      [2, 2, 2],
    ],
    attributes: { activation: 'Elu' },
    what: /the activation 'Elu'/,
  },
]

/** Weights of ONNX Runtime's own causal `MultiHeadAttention`: the values are the rows of an identity. */
async function kernelWeights(queries: number, keys: number): Promise<number[][]> {
  const identity = Array.from({ length: keys * keys }, (_, at) => (at % (keys + 1) === 0 ? 1 : 0))
  const feed = (shape: number[], data = draw(shape)): Feed => ({ type: DataType.float32, shape, data })
  const feeds = { q: feed([1, queries, 2]), k: feed([1, keys, 2]), v: feed([1, keys, keys], identity) }
  const node = fused('MultiHeadAttention', ['q', 'k', 'v'], ['y'], { num_heads: 1, unidirectional: 1 })
  const { y } = await (await openModel(modelOf([node], [], Object.entries(feeds).map(asInput), ['y'])))(feeds)
  return Array.from({ length: queries }, (_, query) => y!.slice(query * keys, (query + 1) * keys))
}

describe('causal attention over more keys than queries', () => {
  // Why it is refused: neither counting from the first key nor from the last gives this.
  for (const [queries, keys] of [
    [1, 4],
    [2, 4],
    [3, 5],
    [4, 6],
  ] as const) {
    it(`has in the kernel a last query that sees all: ${queries} of ${keys}`, async () => {
      const seen = (await kernelWeights(queries, keys)).map(row => row.filter(weight => weight > 0).length)
      const earlier = Array.from({ length: queries - 1 }, (_, query) => query + 1)
      expect(seen).to.deep.equal([...earlier, keys])
    })
  }
})

describe('what of a fused operator is not covered', () => {
  for (const { op, inputs, attributes = {}, outputs = ['y'], what } of REFUSALS) {
    it(`is named: ${op}, ${what.source}`, () => {
      const names = inputs.map((shape, index) => (shape === null ? '' : `in${index}`))
      const feeds = inputs.flatMap((shape, index) =>
        shape === null ? [] : [asInput([`in${index}`, { type: DataType.float32, shape, data: [] }])],
      )
      const all = { ...(/Attention/.test(op) ? GROUPED : {}), ...attributes }
      const model = modelOf([fused(op, names, [...outputs], all)], [], feeds, ['y'])
      const thrown = () => differentiate(model, { withRespectTo: ['in0'] })
      expect(thrown).to.throw(
        DifferentiationError,
        new RegExp(`'fused.y' \\(com.microsoft.${op}\\) uses .*${what.source}`),
      )
    })
  }

  it('is named: GroupQueryAttention, lengths that tell of keys of before', () => {
    const names = ['q', 'k', 'v', '', '', 'lasts', 'total']
    const node = fused('GroupQueryAttention', names, ['y'], GROUPED)
    const inputs = Object.entries({ q: [1, 3, 16], k: [1, 3, 8], v: [1, 3, 8] }).map(([name, shape]) =>
      asInput([name, { type: DataType.float32, shape, data: [] }]),
    )
    const model = modelOf([node], [intTensor('lasts', [1], [4]), intTensor('total', [1], [5])], inputs, ['y'])
    const thrown = () => differentiate(model, { withRespectTo: ['q'] })
    expect(thrown).to.throw(DifferentiationError, /com.microsoft.GroupQueryAttention\) uses keys of before/)
  })
})
