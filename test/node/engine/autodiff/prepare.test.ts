/** What comes before differentiation: constants, old operator forms, branches. */
import { expect } from 'chai'
import { DifferentiationError, differentiate, prepare } from '../../../../node/engine/autodiff/index.ts'
import {
  type Attribute,
  type AttributeValue,
  bytesOf,
  DataType,
  floatTensor,
  intTensor,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  type Node,
  type Tensor,
} from '../../../../node/engine/onnx/index.ts'
import { openModel, random, relativeError } from '../support.ts'

const SHAPE = [2, 3]
const DATA = [1, -2, 3, 0.5, 5, -6]

function model(nodes: readonly Node[], initializers: readonly Tensor[] = [], opset = 17): Model {
  const inputs = [makeValueInfo('x', DataType.float32, SHAPE)]
  const outputs = [{ name: 'y', documentation: '', type: { type: DataType.float32, shape: null } }]
  return makeModel(makeGraph('g', { nodes, initializers, inputs, outputs }), {
    opsets: [{ domain: '', version: opset }],
  })
}

function prepared(made: Model) {
  return prepare(made, { parameters: new Set() })
}

describe('constant folding', () => {
  it('turns the shape arithmetic of an exporter into constants', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['shape']),
      makeNode('Gather', ['shape', 'zero'], ['rows'], { axis: 0 }),
      makeNode('Unsqueeze', ['rows', 'axis'], ['rowsList']),
      makeNode('Concat', ['rowsList', 'minusOne'], ['target'], { axis: 0 }),
      makeNode('Reshape', ['x', 'target'], ['y']),
    ]
    const constants = [intTensor('zero', [], [0]), intTensor('axis', [1], [0]), intTensor('minusOne', [1], [-1])]
    const builder = prepared(model(nodes, constants))
    expect(builder.nodes.map(node => node.opType)).to.deep.equal(['Reshape'])
    expect(builder.value('y').shape).to.deep.equal(SHAPE)
  })

  it('casts a constant to the type of a value that is none, as function bodies do', () => {
    const nodes = [
      makeNode('CastLike', ['minusOne', 'x'], ['number']),
      makeNode('CastLike', ['number', 'minusOne'], ['target']),
      makeNode('Reshape', ['x', 'target'], ['y']),
    ]
    const builder = prepared(model(nodes, [intTensor('minusOne', [1], [-1])]))
    expect(builder.nodes.map(node => node.opType)).to.deep.equal(['Reshape'])
    expect(builder.value('number').type).to.equal(DataType.float32)
    expect(builder.value('y').shape).to.deep.equal([6])
  })

  it('computes a causal mask as ONNX Runtime does', async () => {
    const nodes = [
      makeNode('ConstantOfShape', ['size'], ['ones'], { value: floatTensor('', [1], [1]) }),
      makeNode('Trilu', ['ones'], ['lower'], { upper: 0 }),
      makeNode('Cast', ['lower'], ['visible'], { to: DataType.bool }),
      makeNode('Not', ['visible'], ['hidden']),
      makeNode('Where', ['hidden', 'low', 'none'], ['mask']),
      makeNode('Slice', ['mask', 'start', 'end', 'axis', 'step'], ['part']),
      makeNode('Transpose', ['part'], ['turned'], { perm: [1, 0] }),
      makeNode('Add', ['x', 'turned'], ['y']),
    ]
    const constants = [
      intTensor('size', [2], [3, 3]),
      floatTensor('low', [], [-9]),
      floatTensor('none', [], [0]),
      intTensor('start', [1], [2]),
      intTensor('end', [1], [-100]),
      intTensor('axis', [1], [1]),
      intTensor('step', [1], [-2]),
    ]
    const made = model(nodes, constants)
    const builder = prepared(made)
    expect(builder.nodes.map(node => node.opType)).to.deep.equal(['Add'])
    const feeds = { x: { type: DataType.float32, shape: SHAPE, data: DATA } }
    const plain = await (await openModel(made))(feeds)
    const folded = await (await openModel(differentiate(made, { withRespectTo: ['x'] })))(feeds)
    expect(folded['y']).to.deep.equal(plain['y'])
  })

  const FOLDED: readonly [
    opType: string,
    inputs: readonly Tensor[],
    attributes: Readonly<Record<string, AttributeValue>>,
  ][] = [
    ['ReduceSum', [floatTensor('a', [2, 3], DATA), intTensor('axes', [1], [-1])], { keepdims: 0 }],
    ['ReduceMax', [floatTensor('a', [2, 3], DATA)], { axes: [0] }],
    ['ReduceMin', [floatTensor('a', [2, 3], DATA)], { axes: [0, 1], keepdims: 0 }],
    ['ReduceMean', [floatTensor('a', [2, 3], DATA)], { axes: [1] }],
    ['ReduceProd', [floatTensor('a', [2, 3], DATA)], { axes: [0] }],
    ['ArgMax', [floatTensor('a', [2, 3], DATA)], { axis: 1 }],
    ['ArgMin', [floatTensor('a', [2, 3], DATA)], { axis: 0, keepdims: 0 }],
    ['Tile', [floatTensor('a', [2, 3], DATA), intTensor('repeats', [2], [2, 3])], {}],
    ['Round', [floatTensor('a', [6], [0.5, 1.5, -0.5, -2.5, 2.4, -2.6])], {}],
    ['Sign', [floatTensor('a', [2, 3], DATA)], {}],
    ['Clip', [floatTensor('a', [2, 3], DATA), floatTensor('low', [], [-1]), floatTensor('high', [], [2])], {}],
    ['CumSum', [floatTensor('a', [2, 3], DATA), intTensor('axis', [], [-1])], {}],
    ['CumSum', [floatTensor('a', [2, 3], DATA), intTensor('axis', [], [0])], { exclusive: 1 }],
    ['CumSum', [floatTensor('a', [2, 3], DATA), intTensor('axis', [1], [1])], { exclusive: 1, reverse: 1 }],
    [
      'OneHot',
      [intTensor('i', [2, 2], [1, -1, 0, 3]), intTensor('depth', [], [3]), floatTensor('values', [2], [5, 7])],
      {},
    ],
    [
      'OneHot',
      [intTensor('i', [2], [1, -2]), intTensor('depth', [1], [3]), floatTensor('v', [2], [0, 1])],
      { axis: 0 },
    ],
    ['GatherElements', [floatTensor('a', [2, 3], DATA), intTensor('i', [2, 2], [0, -1, 1, 1])], { axis: 1 }],
    ['GatherND', [floatTensor('a', [2, 3], DATA), intTensor('i', [2, 2], [0, -1, 1, 1])], {}],
    ['GatherND', [floatTensor('a', [2, 3], DATA), intTensor('i', [2, 1], [-1, 0])], {}],
    [
      'ScatterElements',
      [floatTensor('a', [2, 3], DATA), intTensor('i', [1, 2], [1, -2]), floatTensor('u', [1, 2], [7, 8])],
      {},
    ],
    [
      'ScatterND',
      [floatTensor('a', [2, 3], DATA), intTensor('i', [1, 1], [-1]), floatTensor('u', [1, 3], [7, 8, 9])],
      {},
    ],
  ]
  for (const [opType, inputs, attributes] of FOLDED) {
    it(`computes ${opType} of ${inputs.length} constants as ONNX Runtime does, ${JSON.stringify(attributes)}`, async () => {
      const names = inputs.map(({ name }) => name)
      const isPlace = opType.startsWith('Arg')
      const made = model([makeNode(opType, names, ['y'], attributes)], inputs)
      const declared = [
        { name: 'y', documentation: '', type: { type: isPlace ? DataType.int64 : DataType.float32, shape: null } },
      ]
      const run = await openModel({ ...made, graph: { ...made.graph, outputs: declared } })
      const builder = prepared(made)
      const expected = (await run({ x: { type: DataType.float32, shape: SHAPE, data: DATA } }))['y']
      expect(builder.nodes).to.deep.equal([])
      expect(builder.numbers(builder.value('y'))).to.deep.equal(expected)
    })
  }

  it('keeps a parameter out of the folding, and folds the same tensor when it is none', () => {
    const nodes = [makeNode('Mul', ['w', 'w'], ['squares']), makeNode('Add', ['x', 'squares'], ['y'])]
    const made = model(nodes, [floatTensor('w', [3], [1, 2, 3])])
    expect(prepare(made, { parameters: new Set(['w']) }).nodes).to.have.length(2)
    expect(prepared(made).nodes).to.have.length(1)
  })

  it('reads a Constant node of every form', () => {
    const forms: readonly [Attribute, DataType, readonly number[], readonly number[]][] = [
      [{ kind: 'tensor', value: floatTensor('', [1, 2], [1, 2]) }, DataType.float32, [1, 2], [1, 2]],
      [{ kind: 'float', value: 0.5 }, DataType.float32, [], [0.5]],
      [{ kind: 'floats', value: [0.5, 2] }, DataType.float32, [2], [0.5, 2]],
      [{ kind: 'int', value: -3n }, DataType.int64, [], [-3]],
      [{ kind: 'ints', value: [1n, -2n] }, DataType.int64, [2], [1, -2]],
      [{ kind: 'ints', value: [] }, DataType.int64, [0], []],
    ]
    const keys: Readonly<Record<string, string>> = { tensor: 'value' }
    for (const [attribute, type, shape, values] of forms) {
      const key = keys[attribute.kind] ?? `value_${attribute.kind}`
      const constant = { ...makeNode('Constant', [], ['c']), attributes: new Map([[key, attribute]]) }
      const builder = prepared(model([constant, makeNode('Identity', ['x'], ['y'])]))
      expect(builder.value('c')).to.include({ type })
      expect(builder.value('c').shape).to.deep.equal(shape)
      expect(builder.numbers(builder.value('c'))).to.deep.equal(values)
    }
  })

  it('leaves a Constant node of texts alone', () => {
    const constant = makeNode('Constant', [], ['c'], { value_strings: ['a', 'b'] })
    const { nodes } = prepared(model([constant, makeNode('Identity', ['x'], ['y'])]))
    expect(nodes.map(node => node.opType)).to.deep.equal(['Constant', 'Identity'])
  })

  it('takes the branch of an If whose condition is constant', async () => {
    const branch = (name: string, opType: string) =>
      makeGraph(name, {
        nodes: [makeNode(opType, ['x'], [`${name}.out`])],
        outputs: [makeValueInfo(`${name}.out`, DataType.float32, SHAPE)],
      })
    const attributes = new Map([
      ['then_branch', { kind: 'graph', value: branch('then', 'Neg') } as const],
      ['else_branch', { kind: 'graph', value: branch('else', 'Abs') } as const],
    ])
    const condition: Tensor = {
      name: 'condition',
      type: DataType.bool,
      shape: [],
      data: Uint8Array.of(1),
      documentation: '',
    }
    const made = model([{ ...makeNode('If', ['condition'], ['y']), attributes }], [condition])
    const run = await openModel(differentiate(made, { withRespectTo: ['x'] }))
    expect((await run({ x: { type: DataType.float32, shape: SHAPE, data: DATA } }))['d.x']).to.deep.equal(
      DATA.map(() => -1),
    )
  })
})

describe('old operator forms', () => {
  const OLD: readonly [opType: string, opset: number, attributes: Readonly<Record<string, AttributeValue>>][] = [
    ['Squeeze', 11, {}],
    ['Unsqueeze', 11, { axes: [0, 3] }],
    ['ReduceSum', 11, { axes: [1] }],
    ['Softmax', 11, { axis: 0 }],
    ['Softmax', 11, {}],
    ['LogSoftmax', 9, { axis: 1 }],
    ['Clip', 10, { min: { float: -1 }, max: { float: 2 } }],
    ['Dropout', 10, { ratio: { float: 0.1 } }],
    ['Slice', 9, { starts: [0], ends: [2], axes: [1] }],
    ['Pad', 10, { pads: [0, 1, 0, 2], value: { float: 3 } }],
    ['Hardmax', 11, {}],
    ['Hardmax', 11, { axis: 0 }],
    ['ReduceMean', 12, { axes: [1], keepdims: 0 }],
  ]
  for (const [opType, opset, attributes] of OLD) {
    it(`computes ${opType} of opset ${opset} as before once it is brought to opset 17`, async () => {
      const made = model([makeNode(opType, ['x'], ['y'], attributes)], [], opset)
      const feeds = { x: { type: DataType.float32, shape: SHAPE, data: DATA } }
      const before = await (await openModel(made))(feeds)
      const upgraded = differentiate(made, { withRespectTo: ['x'] })
      expect(upgraded.opsets[0]).to.deep.equal({ domain: '', version: 17 })
      const after = await (await openModel(upgraded))(feeds)
      expect(relativeError(after['y']!, before['y']!)).to.be.lessThan(1e-6)
      expect(after['d.x']).to.have.length(DATA.length)
    })
  }

  const EARLY: readonly [claim: string, node: Node, opset: number, y: readonly number[]][] = [
    [
      'broadcasts from an axis on',
      makeNode('Add', ['x', 'rows'], ['y'], { broadcast: 1, axis: 0 }),
      6,
      [11, 8, 13, 20.5, 25, 14],
    ],
    [
      'broadcasts the last axes',
      makeNode('Mul', ['x', 'columns'], ['y'], { broadcast: 1 }),
      6,
      [1, -4, 9, 0.5, 10, -18],
    ],
    ['takes a slope for each channel', makeNode('PRelu', ['x', 'columns'], ['y']), 6, [1, -4, 3, 0.5, 5, -18]],
    [
      'takes a shape as an attribute',
      makeNode('Reshape', ['x'], ['y'], { shape: [3, -1], consumed_inputs: [0] }),
      1,
      DATA,
    ],
    ['names a type by its name', makeNode('Cast', ['x'], ['y'], { to: 'FLOAT' }), 5, DATA],
    ['drops nothing where it is told to test', makeNode('Dropout', ['x'], ['y'], { is_test: 1 }), 6, DATA],
    ['pads by another name', makeNode('Pad', ['x'], ['y'], { paddings: [0, 0, 0, 0] }), 1, DATA],
    ['joins along axis 1', makeNode('Concat', ['x'], ['y']), 1, DATA],
  ]
  for (const [claim, node, opset, y] of EARLY) {
    it(`${claim} in opset ${opset}`, async () => {
      const constants = [floatTensor('rows', [2], [10, 20]), floatTensor('columns', [3], [1, 2, 3])]
      const run = await openModel(differentiate(model([node], constants, opset), { withRespectTo: ['x'] }))
      const results = await run({ x: { type: DataType.float32, shape: SHAPE, data: DATA } })
      expect(results['y']).to.deep.equal(y)
      expect(results['d.x']).to.have.length(DATA.length)
    })
  }

  for (const scale of [0.5, 2]) {
    it(`computes a Resize of opset 10 by ${scale} as before, also where it takes the nearest`, async () => {
      const nodes = [
        makeNode('Reshape', ['x', 'image'], ['t']),
        makeNode('Resize', ['t', 'scales'], ['y'], { mode: 'nearest' }),
      ]
      const constants = [intTensor('image', [4], [1, 1, 1, 6]), floatTensor('scales', [4], [1, 1, 1, scale])]
      const made = model(nodes, constants, 10)
      const feeds = { x: { type: DataType.float32, shape: SHAPE, data: DATA } }
      const before = await (await openModel(made))(feeds)
      const after = await (await openModel(differentiate(made, { withRespectTo: ['x'] })))(feeds)
      expect(after['y']).to.deep.equal(before['y'])
      expect(after['d.x']!.reduce((sum, value) => sum + value, 0)).to.equal(before['y']!.length)
    })
  }

  it('refuses an opset that it does not know, and a form that has no new one, naming node, operator and opset', () => {
    const refused = (opType: string, attributes: Readonly<Record<string, AttributeValue>>, opset: number) => () =>
      prepared(model([makeNode(opType, ['x'], ['y'], attributes, { name: 'odd' })], [], opset))
    expect(refused('Exp', {}, 0)).to.throw(DifferentiationError, /'odd' \(Exp, opset 0\)/)
    expect(refused('Upsample', { width_scale: { float: 2 } }, 6)).to.throw(
      DifferentiationError,
      /'odd' \(Upsample, opset 6\)/,
    )
    expect(refused('Exp', {}, 99)).to.throw(DifferentiationError, /'odd' \(Exp, opset 99\)/)
    expect(refused('BatchNormalization', { spatial: 0 }, 8)).to.throw(DifferentiationError, /'odd' .*opset 8.*spatial/)
    expect(refused('Transpose', { perm: [0, -1] }, 13)).to.throw(DifferentiationError, /'odd' \(Transpose\).*\[0,-1\]/)
  })

  it('refuses an old form inside of a loop, where it would be read as a new one', () => {
    const body = makeGraph('body', {
      nodes: [makeNode('Squeeze', ['x'], ['o'], { axes: [0] }, { name: 'inner' })],
      outputs: [makeValueInfo('o', DataType.float32, [3])],
    })
    const attributes = new Map([['body', { kind: 'graph', value: body } as const]])
    const loop = { ...makeNode('Loop', ['x'], ['y'], {}, { name: 'loop' }), attributes }
    expect(() => prepared(model([loop], [], 11))).to.throw(DifferentiationError, /inner.*Squeeze.*opset 11.*loop/)
  })
})

describe('what exporters write in a roundabout way', () => {
  it('counts by NonZero of ones, as exports of opset 9 do', () => {
    const nodes = [
      makeNode('ConstantOfShape', ['size'], ['ones'], { value: floatTensor('', [1], [1]) }),
      makeNode('NonZero', ['ones'], ['places']),
      makeNode('Cast', ['places'], ['numbers'], { to: DataType.float32 }),
      makeNode('Add', ['x', 'numbers'], ['y']),
    ]
    const builder = prepared(model(nodes, [intTensor('size', [1], [3])]))
    expect(builder.nodes.map(node => node.opType)).to.deep.equal(['Add'])
    expect(builder.numbers(builder.value('numbers'))).to.deep.equal([0, 1, 2])
  })

  it('finds the places of what is not 0 in more than one axis, as ONNX Runtime does', async () => {
    const nodes = [
      makeNode('NonZero', ['mask'], ['places']),
      makeNode('Cast', ['places'], ['y'], { to: DataType.float32 }),
    ]
    const made = model(nodes, [floatTensor('mask', [2, 2, 2], [0, 1, 0, 0, 2, 0, 0, 3])])
    const places = prepared(made)
    const run = await openModel(made)
    const feeds = { x: { type: DataType.float32, shape: SHAPE, data: DATA } }
    expect(places.numbers(places.value('y'))).to.deep.equal((await run(feeds))['y'])
  })

  for (const [opType, gates, states] of [
    ['LSTM', 4, 2],
    ['GRU', 3, 1],
    ['RNN', 1, 1],
  ] as const) {
    it(`runs a ${opType} over sequences of different lengths, both ways, as ONNX Runtime does`, async () => {
      const [length, batch, width, hidden] = [4, 3, 2, 2]
      const next = random(11)
      const drawn = (name: string, ...shape: number[]) =>
        floatTensor(
          name,
          shape,
          Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() - 0.5),
        )
      const lengths: Tensor = {
        name: 'lengths',
        type: DataType.int32,
        shape: [batch],
        data: bytesOf(Int32Array.of(4, 1, 3)),
        documentation: '',
      }
      const constants = [drawn('w', 2, gates * hidden, width), drawn('r', 2, gates * hidden, hidden), lengths]
      const starts = ['h', 'c'].slice(0, states).map(name => drawn(name, 2, batch, hidden))
      const outputs = ['y', 'last', 'cell'].slice(0, states + 1)
      const inputs = ['x', 'w', 'r', '', 'lengths', ...starts.map(start => start.name)]
      const node = makeNode(opType, inputs, outputs, { hidden_size: hidden, direction: 'bidirectional' })
      const shape = [length, batch, width]
      const graph = makeGraph('g', {
        nodes: [node],
        initializers: [...constants, ...starts],
        inputs: [makeValueInfo('x', DataType.float32, shape)],
        outputs: outputs.map(name => ({ name, documentation: '', type: { type: DataType.float32, shape: null } })),
      })
      const made = makeModel(graph)
      const feeds = { x: { type: DataType.float32, shape, data: Array.from({ length: 24 }, () => next() - 0.5) } }
      const before = await (await openModel(made))(feeds)
      const after = await (await openModel(differentiate(made, { withRespectTo: ['x'] })))(feeds)
      for (const name of outputs) expect(relativeError(after[name]!, before[name]!), name).to.be.lessThan(1e-6)
      const beyond = [1, 2, 3].flatMap(at => [6 * at + 2, 6 * at + 3])
      expect(beyond.map(at => after['d.x']![at])).to.deep.equal(beyond.map(() => 0))
    })
  }
})
