/** Loops, branches and sequences, written out: what they compute stays the same, and gradients are those of differences. */
import { expect } from 'chai'
import { DifferentiationError, differentiate } from '../../../../node/engine/autodiff/index.ts'
import {
  type AttributeValue,
  bytesOf,
  DataType,
  floatTensor,
  type Graph,
  intTensor,
  makeGraph,
  makeModel,
  makeNode,
  makeValueInfo,
  type Node,
  type Tensor,
  type ValueInfo,
} from '../../../../node/engine/onnx/index.ts'
import { type Feed, openModel, random, relativeError } from '../support.ts'

const X = DataType.float64

const open = (name: string, type: DataType = X): ValueInfo => ({ name, documentation: '', type: { type, shape: null } })

function truth(name: string, value: boolean): Tensor {
  return { name, type: DataType.bool, shape: [], data: Uint8Array.of(Number(value)), documentation: '' }
}

function double(name: string, shape: readonly number[], values: readonly number[]): Tensor {
  return { name, type: X, shape, data: bytesOf(Float64Array.from(values)), documentation: '' }
}

function withGraphs(
  node: Node,
  graphs: Readonly<Record<string, Graph>>,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  const plain = makeNode(node.opType, node.inputs, node.outputs, attributes, { name: node.name })
  const inner = Object.entries(graphs).map(([key, value]) => [key, { kind: 'graph', value }] as const)
  return { ...plain, attributes: new Map([...plain.attributes, ...inner]) }
}

/** The gradients of the sum of `y` against central differences of the model as it came, in float64. */
async function check(
  nodes: readonly Node[],
  initializers: readonly Tensor[],
  shapes: Record<string, readonly number[]>,
) {
  const graph = makeGraph('g', {
    nodes: [...nodes, makeNode('ReduceSum', ['y'], ['sum'], { keepdims: 0 })],
    initializers,
    inputs: Object.entries(shapes).map(([name, shape]) => makeValueInfo(name, X, shape)),
    outputs: [makeValueInfo('sum', X, [])],
  })
  const model = makeModel(graph)
  const next = random(9)
  const feeds: Record<string, Feed> = {}
  for (const [name, shape] of Object.entries(shapes))
    feeds[name] = { type: X, shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() - 0.4) }
  const forward = await openModel(model)
  const made = differentiate(model, { withRespectTo: Object.keys(shapes) })
  const results = await (await openModel(made))(feeds)
  expect(results['sum']![0]).to.be.closeTo((await forward(feeds))['sum']![0]!, 1e-12)
  const step = 1e-5
  for (const [name, feed] of Object.entries(feeds)) {
    const at = async (index: number, delta: number) => {
      const data = feed.data.with(index, feed.data[index]! + delta)
      return (await forward({ ...feeds, [name]: { ...feed, data } }))['sum']![0]!
    }
    const expected: number[] = []
    for (const index of feed.data.keys())
      expected.push(((await at(index, step)) - (await at(index, -step))) / (2 * step))
    expect(relativeError(results[`d.${name}`]!, expected), name).to.be.lessThan(1e-7)
  }
  return made
}

/** h = sin(h w) + the step's number, and h is collected. */
const BODY = makeGraph('body', {
  nodes: [
    makeNode('MatMul', ['h', 'w'], ['product'], {}, { name: 'multiply' }),
    makeNode('Sin', ['product'], ['sine'], {}, { name: 'sine' }),
    makeNode('Cast', ['step'], ['number'], { to: X }, { name: 'cast' }),
    makeNode('Add', ['sine', 'number'], ['next'], {}, { name: 'add' }),
    makeNode('Less', ['step', 'last'], ['again'], {}, { name: 'less' }),
    makeNode('Identity', ['next'], ['kept'], {}, { name: 'keep' }),
  ],
  initializers: [intTensor('last', [], [2])],
  inputs: [makeValueInfo('step', DataType.int64, []), makeValueInfo('goes', DataType.bool, []), open('h')],
  outputs: [makeValueInfo('again', DataType.bool, []), open('next'), open('kept')],
})

describe('loops', () => {
  it('run until their condition says no, and collect what they compute', async () => {
    const loop = withGraphs(makeNode('Loop', ['', 'yes', 'x'], ['last', 'all'], {}, { name: 'loop' }), { body: BODY })
    const nodes = [loop, makeNode('Add', ['last', 'all'], ['y'])]
    await check(nodes, [truth('yes', true)], { x: [2, 2], w: [2, 2] })
  })

  it('run as often as they are told, two of them by graphs with the same names', async () => {
    const loop = (state: string, output: string) =>
      withGraphs(makeNode('Loop', ['most', 'yes', state], [output, `${output}.all`], {}, { name: output }), {
        body: BODY,
      })
    const nodes = [loop('x', 'first'), loop('first', 'second'), makeNode('Mul', ['second', 'first.all'], ['y'])]
    await check(nodes, [truth('yes', true), intTensor('most', [], [2])], { x: [2, 2], w: [2, 2] })
  })

  it('are written out inside of loops', async () => {
    const inner = withGraphs(makeNode('Loop', ['two', 'goes', 'h'], ['inner', 'ignored'], {}, { name: 'inner' }), {
      body: BODY,
    })
    const outer = makeGraph('outer', {
      nodes: [inner, makeNode('Identity', ['goes'], ['again'])],
      inputs: [makeValueInfo('step', DataType.int64, []), makeValueInfo('goes', DataType.bool, []), open('h')],
      outputs: [makeValueInfo('again', DataType.bool, []), open('inner')],
    })
    const loop = withGraphs(makeNode('Loop', ['two', '', 'x'], ['y'], {}, { name: 'outer' }), { body: outer })
    await check([loop], [intTensor('two', [], [2])], { x: [2, 2], w: [2, 2] })
  })

  for (const [input, output] of [
    [0, 0],
    [1, 1],
    [1, 0],
  ] as const) {
    it(`scan along axes, in directions ${input} and ${output}`, async () => {
      const body = makeGraph('body', {
        nodes: [
          makeNode('MatMul', ['h', 'w'], ['product']),
          makeNode('Add', ['product', 'e'], ['sum']),
          makeNode('Tanh', ['sum'], ['next']),
          makeNode('Mul', ['next', 'e'], ['out']),
        ],
        inputs: [open('h'), open('e')],
        outputs: [open('next'), open('out')],
      })
      const node = withGraphs(
        makeNode('Scan', ['start', 'x'], ['last', 'all'], {}, { name: 'scan' }),
        { body },
        {
          num_scan_inputs: 1,
          scan_input_axes: [1],
          scan_output_axes: [-1],
          scan_input_directions: [input],
          scan_output_directions: [output],
        },
      )
      const nodes = [
        node,
        makeNode('Mul', ['all', 'weights'], ['weighted']),
        makeNode('ReduceSum', ['weighted'], ['total']),
        makeNode('Add', ['last', 'total'], ['y']),
      ]
      const weights = double('weights', [3], [1, 2, 4])
      await check(nodes, [weights], { x: [2, 3, 2], w: [2, 2], start: [2, 2] })
    })
  }

  it('in loops that would come to millions of nodes are refused before they do', () => {
    const nest = (depth: number): Graph => {
      const inputs = [makeValueInfo('step', DataType.int64, []), makeValueInfo('goes', DataType.bool, []), open('h')]
      const inner = depth === 0 ? makeNode('Sin', ['h'], ['next']) : loopOf(depth - 1, 'h', 'next')
      return makeGraph('body', {
        nodes: [inner, makeNode('Identity', ['goes'], ['again'])],
        inputs,
        outputs: [makeValueInfo('again', DataType.bool, []), open('next')],
      })
    }
    const loopOf = (depth: number, from: string, to: string): Node =>
      withGraphs(makeNode('Loop', ['many', '', from], [to], {}, { name: `loop${depth}` }), { body: nest(depth) })
    const graph = makeGraph('g', {
      nodes: [loopOf(3, 'x', 'y')],
      initializers: [intTensor('many', [], [1000])],
      inputs: [makeValueInfo('x', DataType.float32, [1])],
      outputs: [makeValueInfo('y', DataType.float32, [1])],
    })
    const refused = () => differentiate(makeModel(graph), { withRespectTo: ['x'] })
    expect(refused).to.throw(DifferentiationError, /\(Loop\) runs more than 1024 times, or unfolds with the others/)
  })

  it('have one gradient for a weight that the graph inside brings along', async () => {
    const body = makeGraph('body', {
      nodes: [makeNode('MatMul', ['h', 'w'], ['next']), makeNode('Identity', ['goes'], ['again'])],
      initializers: [floatTensor('w', [2, 2], [1, 2, 3, 4])],
      inputs: [makeValueInfo('step', DataType.int64, []), makeValueInfo('goes', DataType.bool, []), open('h')],
      outputs: [makeValueInfo('again', DataType.bool, []), open('next')],
    })
    const graph = makeGraph('g', {
      nodes: [withGraphs(makeNode('Loop', ['two', '', 'x'], ['y']), { body })],
      initializers: [intTensor('two', [], [2])],
      inputs: [makeValueInfo('x', DataType.float32, [1, 2])],
      outputs: [makeValueInfo('y', DataType.float32, [1, 2])],
    })
    const run = await openModel(differentiate(makeModel(graph)))
    const results = await run({ x: { type: DataType.float32, shape: [1, 2], data: [1, 1] } })
    // x w = [4, 6]; dw = x' ([1, 1] w') + (x w)' [1, 1].
    expect(results['d.w']).to.deep.equal([3 + 4, 7 + 4, 3 + 6, 7 + 6])
  })

  it('that depend on data are refused with node, operator and reason', () => {
    const refused = (inputs: readonly string[], body: Graph = BODY) => {
      const loop = withGraphs(makeNode('Loop', inputs, ['y', 'all'], {}, { name: 'endless' }), { body })
      const graph = makeGraph('g', {
        nodes: [loop],
        initializers: [truth('yes', true)],
        inputs: [makeValueInfo('x', X, [2, 2]), makeValueInfo('w', X, [2, 2]), makeValueInfo('n', DataType.int64, [])],
        outputs: [makeValueInfo('y', X, [2, 2])],
      })
      return () => differentiate(makeModel(graph), { withRespectTo: ['x'] })
    }
    const sentence = /'endless' \(Loop\) runs a number of times that is not a constant/
    expect(refused(['n', 'yes', 'x'])).to.throw(DifferentiationError, sentence)
    const always = {
      ...BODY,
      nodes: BODY.nodes.map(node => (node.name === 'less' ? makeNode('Identity', ['goes'], ['again']) : node)),
    }
    expect(refused(['', 'yes', 'x'], always)).to.throw(
      DifferentiationError,
      /'endless' \(Loop\) runs more than 1024 times/,
    )
  })
})

describe('branches', () => {
  it('may use the same names, and those of nodes that come later', async () => {
    const branch = (opType: string) => ({
      then_branch: makeGraph('then', {
        nodes: [
          makeNode(opType, ['x'], ['inside'], {}, { name: 'n' }),
          makeNode('Mul', ['inside', 'factor'], ['out'], {}, { name: 'm' }),
        ],
        initializers: [double('factor', [], [opType === 'Exp' ? 3 : 5])],
        outputs: [open('out')],
      }),
      else_branch: makeGraph('else', { nodes: [makeNode('Neg', ['x'], ['out'])], outputs: [open('out')] }),
    })
    const nodes = [
      withGraphs(makeNode('If', ['yes'], ['a']), branch('Exp')),
      withGraphs(makeNode('If', ['yes'], ['b']), branch('Sin')),
      makeNode('Mul', ['a', 'b'], ['inside'], {}, { name: 'n' }),
      makeNode('Identity', ['inside'], ['y']),
    ]
    await check(nodes, [truth('yes', true)], { x: [2, 2] })
  })
})

describe('sequences', () => {
  it('are followed through splitting, inserting, erasing and joining', async () => {
    const nodes = [
      makeNode('SplitToSequence', ['x', 'two'], ['parts'], { axis: 1 }),
      makeNode('SequenceInsert', ['parts', 'w', 'zero'], ['more']),
      makeNode('SequenceErase', ['more', 'minusOne'], ['fewer']),
      makeNode('SequenceAt', ['fewer', 'minusOne'], ['chosen']),
      makeNode('Sin', ['chosen'], ['sine']),
      makeNode('SequenceConstruct', ['sine', 'w'], ['pair']),
      makeNode('ConcatFromSequence', ['fewer'], ['joined'], { axis: 1, new_axis: 0 }),
      makeNode('ConcatFromSequence', ['pair'], ['stacked'], { axis: 0, new_axis: 1 }),
      makeNode('SequenceLength', ['fewer'], ['length']),
      makeNode('Cast', ['length'], ['count'], { to: X }),
      makeNode('Mul', ['joined', 'joined'], ['squares']),
      makeNode('ReduceSum', ['squares'], ['total']),
      makeNode('Mul', ['total', 'count'], ['scaled']),
      makeNode('Mul', ['stacked', 'scaled'], ['y']),
    ]
    const constants = [intTensor('two', [], [2]), intTensor('zero', [], [0]), intTensor('minusOne', [], [-1])]
    await check(nodes, constants, { x: [2, 5], w: [2, 2] })
  })

  it('that are an output of the model stay one, as does whatever has no known shape', async () => {
    const nodes = [
      makeNode('SequenceConstruct', ['x', 'x'], ['pair']),
      makeNode('NonZero', ['x'], ['places']),
      makeNode('Exp', ['x'], ['y']),
    ]
    const graph = makeGraph('g', {
      nodes,
      inputs: [makeValueInfo('x', DataType.float32, [2])],
      outputs: [makeValueInfo('y', DataType.float32, [2]), open('places', DataType.int64)],
    })
    const made = differentiate(makeModel(graph), { withRespectTo: ['x'] })
    const results = await (await openModel(made))({ x: { type: DataType.float32, shape: [2], data: [0, 1] } })
    expect(results['places']).to.deep.equal([1])
    expect(relativeError(results['d.x']!, [1, Math.E])).to.be.lessThan(1e-6)
  })
})
